/**
 * The story of a deployed guard, told once for the local AWS and for a real account: deployed, used, attacked, rotated,
 * updated, destroyed. Every step says what it saw; the first that does not see what it should ends the story.
 */

import { SecretSeen } from './deployed.ts'
import { Operator } from './operator.ts'
import { call, probe, push, refuse, retire, rotate } from './pins-steps.ts'
import type { Protocol } from './protocol.ts'
import type { Scene } from './scene.ts'
import { DeployedStack } from './stack.ts'
import { deploy, destroy, seeExample, seeInitialPolicy, update } from './stack-steps.ts'
import type { World } from './world.ts'

/** Tells what there is to clean up, as soon as it is there. */
export type OnDeployed = (scene: Pick<Scene, 'stack' | 'deployed'>) => void

export async function tell(protocol: Protocol, world: World, tool: string, onDeployed: OnDeployed): Promise<void> {
  const stack = new DeployedStack(world)
  const deployed = await protocol.step('bootstrap and deploy', (saw) => deploy(world, stack, saw))
  onDeployed({ stack, deployed })
  const operatorCredentials = await deployed.operatorCredentials(world.patienceMs)
  const operator = new Operator(tool, world, operatorCredentials)
  const secret = new SecretSeen(deployed.secrets(operatorCredentials), deployed.outputs.SecretArn)
  const scene: Scene = { world, stack, deployed, operator, secret }

  await protocol.step('the secret has the initial policy, and who is not listed does not read it', (saw) =>
    seeInitialPolicy(scene, saw),
  )
  await protocol.step('the pins of the partner, put there by pinned-fetch push', (saw) => push(scene, saw))
  await protocol.step('the deployed function calls', (saw) => call(scene, saw))
  await protocol.step('the key changes without a word: refused, and the alarms ring', (saw) => refuse(scene, saw))
  await protocol.step('rotated in the secret: calls pass again, and nothing was deployed', (saw) => rotate(scene, saw))
  await protocol.step('the old pin is retired by pinned-fetch rotate', (saw) => retire(scene, saw))
  await protocol.step('the deployed probe looks', (saw) => probe(scene, saw))
  await protocol.step('another policy in the template: an update leaves the secret alone', (saw) => update(scene, saw))
  await protocol.step('destroyed: the secret and its key stay, the rest is gone', (saw) => destroy(scene, saw))
  if (!world.hasExample) return
  await protocol.step('the example of infra/ as it is: deployed, called, destroyed', (saw) => seeExample(scene, saw))
}
