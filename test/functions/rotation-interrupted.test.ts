/**
 * A rotation whose connection to Secrets Manager breaks at each of its calls in turn, before the call is done and after.
 * What is current is a policy at every moment, and a new guard and a running one make their calls under it. Taken up
 * again, by Secrets Manager with the same token or by a new RotateSecret, it ends as if nothing had happened.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { rotationScene, type Scene } from './rotation-scene.ts'

const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const
const PROMOTED = { AWSCURRENT: 8, AWSPREVIOUS: 7, PinnedFetchTested: 8 }

/** More calls than a rotation makes. */
const MAX_CALLS = 40

interface Case {
  readonly name: string
  readonly when: 'before' | 'after'
  readonly again: 'the same token' | 'a new rotation'
}

const CASES: readonly Case[] = (['before', 'after'] as const).flatMap((when) =>
  (['the same token', 'a new rotation'] as const).map((again) => ({
    name: `${when} each call, then ${again}`,
    when,
    again,
  })),
)

type Interruption = Omit<Case, 'name'> & { readonly number: number }

describe('a rotation that is interrupted', () => {
  for (const { name, when, again } of CASES) {
    it(name, async (t) => {
      const scene = await rotationScene(t)
      let number = 1
      while (number < MAX_CALLS && (await interruptedAt(scene, { number, when, again }))) number++
      assert.ok(number > 15 && number < MAX_CALLS, `${number - 1} calls were cut`)
      t.diagnostic(`${number - 1} calls were cut`)
    })
  }

  it('as a rehearsal, at each call: the next one ends it, and nothing changes', async (t) => {
    const scene = await rotationScene(t)
    let cuts = 0
    for (const when of ['before', 'after'] as const) {
      for (let number = 1; number < MAX_CALLS; number++) {
        scene.reset()
        const { failure } = await cutRotation(scene, number, when)
        if (failure === undefined) break
        cuts++
        await holds(scene, [7])
        assert.equal((await scene.rotate()).failure, undefined)
        const { AWSPENDING, ...stages } = await scene.stages()
        assert.deepEqual([stages, AWSPENDING], [{ AWSCURRENT: 7 }, undefined], `${when} call ${number}`)
      }
    }
    assert.ok(cuts > 20, `${cuts} calls were cut`)
    t.diagnostic(`${cuts} calls were cut`)
  })

  it('finds its work done when only the answer was lost and the SDK asks again', async (t) => {
    const scene = await rotationScene(t, { environment: { AWS_MAX_ATTEMPTS: '2' } })
    let number = 1
    for (; number < MAX_CALLS; number++) {
      await prepare(scene)
      const before = scene.endpoint.requests.length
      const { failure } = await cutRotation(scene, number, 'after')
      assert.equal(failure, undefined, `call ${number}: ${JSON.stringify(failure)}`)
      assert.deepEqual(await scene.stages(), PROMOTED)
      if (scene.endpoint.requests.length - before < number) break
    }
    assert.ok(number > 15, `${number - 1} calls were cut`)
  })
})

async function prepare(scene: Scene): Promise<void> {
  scene.reset()
  await scene.approve(scene.propose(scene.candidate))
}

/** RotateSecret itself is no call of the function's. */
async function cutRotation(scene: Scene, number: number, when: 'before' | 'after') {
  scene.endpoint.cut(number + 1, when)
  const run = await scene.rotate()
  // One that the rotation did not come to is for nobody else.
  scene.endpoint.cut(Number.MAX_SAFE_INTEGER, when)
  return run
}

/** @returns whether the rotation made so many calls at all */
async function interruptedAt(scene: Scene, { number, when, again }: Interruption): Promise<boolean> {
  await prepare(scene)
  const running = await scene.guard()
  const place = `cut ${when} call ${number}`
  const promotions = promotionsOf(scene)
  try {
    const { token, failure } = await cutRotation(scene, number, when)
    if (failure === undefined) {
      assert.deepEqual(await scene.stages(), PROMOTED)
      return false
    }
    await holds(scene, [7, 8])
    await running.callAnew()
    if (again === 'a new rotation') {
      const run = await scene.rotate()
      assert.equal(run.failure, undefined, `${place}: ${JSON.stringify(run.failure)}`)
    } else await resumed(scene, token, place)
    assert.deepEqual(await scene.stages(), PROMOTED, place)
    assert.ok(promotionsOf(scene) > promotions, `${place}: the promotion was told`)
    await holds(scene, [8])
    await running.callAnew()
    return true
  } finally {
    await running.close()
  }
}

/** The whole rotation again, as Secrets Manager does it by itself. It stops where the version is not pending any more. */
async function resumed(scene: Scene, token: string, place: string): Promise<void> {
  for (const step of STEPS) {
    const { kind, text } = await scene.step(step, token)
    assert.equal(kind, 'response', `${place}, again ${step}: ${text}`)
  }
}

/** What is current is one of these, whole, and a new guard calls under it. */
async function holds(scene: Scene, serials: readonly number[]): Promise<void> {
  const { AWSCURRENT } = await scene.stages()
  assert.ok(serials.includes(Number(AWSCURRENT)), `serial ${AWSCURRENT} is current`)
  await scene.call()
}

function promotionsOf({ running }: Scene): number {
  return running.stdout.filter((line) => line.includes('"RotationPromoted":')).length
}
