/**
 * A rotation whose connection to Secrets Manager breaks at each of its calls in turn, before the call is done and after.
 * The same command again ends in the same state, and at no moment does a guard read anything but a policy under which the
 * partner's key of that moment passes.
 */

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { SECRET } from './push-scene.ts'
import { type RotateScene, rotateScene } from './rotate-scene.ts'
import { runCommand } from './transcript.ts'

interface Case {
  readonly name: string
  readonly withoutSerials?: boolean
  /** What comes before the command that is interrupted. */
  readonly before: readonly string[]
  readonly command: string
  /** Each stage with its serial, or whether it is there at all. */
  readonly end: Readonly<Record<string, number>>
  /** Whether the partner has its next key when the command runs. */
  readonly hasSwitched?: boolean
}

const START = `start ${SECRET} next.json --yes`
const PROMOTE = `promote ${SECRET} --yes`
const RETIRE = `retire ${SECRET} --yes`
const ABORT = `abort ${SECRET} --yes`

const CASES: readonly Case[] = [
  { name: 'start', before: [], command: START, end: { AWSCURRENT: 7, AWSPENDING: 8 } },
  { name: 'promote', before: [START], command: PROMOTE, end: { AWSCURRENT: 8, AWSPENDING: 8, AWSPREVIOUS: 7 } },
  {
    name: 'retire',
    before: [START, PROMOTE],
    command: RETIRE,
    hasSwitched: true,
    end: { AWSCURRENT: 9, AWSPREVIOUS: 8 },
  },
  { name: 'abort before promote', before: [START], command: ABORT, end: { AWSCURRENT: 7 } },
  {
    name: 'abort after promote',
    before: [START, PROMOTE],
    command: ABORT,
    end: { AWSCURRENT: 9, AWSPREVIOUS: 8 },
  },
]

/** More than any command makes. */
const MAX_CALLS = 20

describe('pinned-fetch rotate, interrupted', () => {
  for (const one of CASES) {
    for (const when of ['before', 'after'] as const) {
      it(`${one.name}: ${when} each of its calls`, async (t) => {
        let number = 1
        while (number < MAX_CALLS && (await interruptedAt(t, one, number, when))) number++
        assert.ok(number > 3 && number < MAX_CALLS, `${number - 1} calls were cut`)
        t.diagnostic(`${number - 1} calls were cut`)
      })
    }
  }

  it('abort after promote, where no document has a serial: before and after each of its calls', async (t) => {
    for (const when of ['before', 'after'] as const) {
      for (let number = 1; number <= 5; number++) {
        const scene = await rotateScene(t, { withoutSerials: true })
        await prepare(scene, [START, PROMOTE])
        scene.endpoint.cut(number, when)
        assert.equal((await scene.rotate(ABORT)).exitCode, 3)
        const again = await scene.rotate(ABORT)
        assert.equal(again.exitCode, 0, again.stderr)
        assert.match(again.stdout, /the rotation is over|is given up|no rotation is under way/)
        const { AWSCURRENT, AWSPENDING } = await scene.stages()
        assert.match(String(AWSCURRENT), /^11111111/)
        assert.equal(AWSPENDING, undefined)
      }
    }
  })

  it('finds its work done when only the answer was lost and the SDK asks again', async (t) => {
    const { endpoint, env, folder, stages, rotate } = await rotateScene(t)
    assert.equal((await rotate(START)).exitCode, 0)
    for (const [line, number] of [
      [PROMOTE, 4],
      [ABORT, 5],
    ] as const) {
      endpoint.cut(number, 'after')
      const command = `pinned-fetch rotate ${line}${line === PROMOTE ? ' --ca root.pem' : ''}`
      const { exitCode, stderr } = await runCommand(command, folder, { env: { ...env, AWS_MAX_ATTEMPTS: '2' } })
      assert.equal(exitCode, 0, stderr)
    }
    assert.deepEqual(await stages(), { AWSCURRENT: 9, AWSPREVIOUS: 8 })
  })

  it('retire, and then given up: the rotation is promoted again, and retires later all the same', async (t) => {
    const scene = await rotateScene(t)
    await prepare(scene, [START, PROMOTE])
    scene.switchKey()
    // A description, two versions, the new one, AWSPENDING on it: and then nothing.
    scene.endpoint.cut(6, 'before')
    assert.equal((await scene.rotate(RETIRE)).exitCode, 3)
    assert.match((await scene.rotate(`status ${SECRET}`)).stdout, /^phase {2}retiring/)
    const { stdout } = await scene.rotate(ABORT)
    assert.match(stdout, /the rotation is promoted again/)
    assert.match((await scene.rotate(`status ${SECRET}`)).stdout, /^phase {2}promoted/)
    assert.equal((await scene.rotate(RETIRE)).exitCode, 0)
    assert.deepEqual(await scene.stages(), { AWSCURRENT: 9, AWSPREVIOUS: 8 })
  })
})

async function prepare(scene: RotateScene, lines: readonly string[]): Promise<void> {
  for (const line of lines) {
    const { exitCode, stderr } = await scene.rotate(line)
    assert.equal(exitCode, 0, stderr)
  }
}

/** @returns whether the command made so many calls at all */
async function interruptedAt(
  t: TestContext,
  { before, command, end, hasSwitched = false }: Case,
  number: number,
  when: 'before' | 'after',
): Promise<boolean> {
  const scene = await rotateScene(t)
  await prepare(scene, before)
  if (hasSwitched) scene.switchKey()
  const calls = scene.endpoint.requests.length
  scene.endpoint.cut(number, when)
  const first = await scene.rotate(command)
  if (scene.endpoint.requests.length - calls < number) {
    assert.equal(first.exitCode, 0, first.stderr)
    return false
  }
  assert.equal(first.exitCode, 3, `cut ${when} call ${number}: ${first.stdout}${first.stderr}`)
  assert.match(first.stderr, /the same command goes on from there/)
  // Somebody looks first, as one does.
  assert.equal((await scene.rotate(`status ${SECRET}`)).exitCode, 0)
  const again = await scene.rotate(command)
  assert.equal(again.exitCode, 0, `cut ${when} call ${number}, again: ${again.stdout}${again.stderr}`)
  assert.deepEqual(await scene.stages(), end, `cut ${when} call ${number}`)
  const versions = JSON.parse((await scene.run(`pinned-fetch history ${SECRET} --json`)).stdout)
  assert.equal(versions.length, new Set(versions.map(({ serial }: { serial: number }) => serial)).size)
  return true
}
