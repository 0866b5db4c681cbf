/**
 * What the steps of the story share: who and what there is, and states that are waited for.
 */

import type { Deployed, SecretSeen } from './deployed.ts'
import type { Operator } from './operator.ts'
import { expect, until } from './protocol.ts'
import type { DeployedStack } from './stack.ts'
import type { World } from './world.ts'

export interface Scene {
  readonly world: World
  readonly stack: DeployedStack
  readonly deployed: Deployed
  readonly operator: Operator
  /** The secret as the operator sees it, who may read it. */
  readonly secret: SecretSeen
}

export async function rings(world: World, deployed: Deployed, name: string) {
  return await until(`the alarm ${name} rings`, world.patienceMs, async () => {
    const alarm = await deployed.alarm(name)
    if (alarm?.StateValue === 'ALARM') return alarm
    throw new Error(`${name} is ${alarm?.StateValue}`)
  })
}

/** What an alarm has done: at least one thing, and all of it. */
export async function has(world: World, deployed: Deployed, name: string): Promise<string> {
  return await until(`${name} acts`, world.patienceMs, async () => {
    const actions = await deployed.alarmActions(name)
    const failed = actions.filter((action) => !action.startsWith('Successfully'))
    if (failed.length > 0) throw new Error(failed.join('\n'))
    return actions.length > 0 ? actions.join('\n') : undefined
  })
}

export async function atLeastOne(
  world: World,
  deployed: Deployed,
  name: Parameters<Deployed['metric']>[0],
): Promise<number> {
  return await until(`the metric ${name}`, world.patienceMs, async () => {
    const sum = await deployed.metric(name)
    return sum !== undefined && sum >= 1 ? sum : undefined
  })
}

/** Has the next call made by a new environment, as after a pause: what it loads is what is in the secret now. */
export async function restart(world: World, { api, outputs }: Deployed): Promise<void> {
  const path = `/2015-03-31/functions/${encodeURIComponent(outputs.FunctionName)}/configuration`
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ Description: `restarted at ${new Date().toISOString()}` })
  const { status, text } = await api.send({ service: 'lambda', method: 'PUT', path, headers, body })
  expect(status === 200, 'a new configuration', text)
  await until('the new configuration', world.patienceMs, async () => {
    const { text } = await api.send({ service: 'lambda', method: 'GET', path })
    return JSON.parse(text).LastUpdateStatus === 'Successful' ? true : undefined
  })
}
