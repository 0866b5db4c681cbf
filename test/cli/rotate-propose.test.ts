/**
 * A candidate for the rotation function, on the command line: proposed, approved, promoted by the real function, taken back.
 */

import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { next, reserve, root, rotationScene, type Scene, SECRET, today } from '../functions/rotation-scene.ts'
import { presented } from '../support/authority.ts'
import { awsEnvironment } from '../support/secrets-endpoint.ts'
import { playTranscript, runCommand } from './transcript.ts'

const AT_FIRST = { AWSCURRENT: 7 }
const PROPOSED = { AWSCURRENT: 7, PinnedFetchCandidate: 8 }
const PROMOTED = { AWSCURRENT: 8, AWSPREVIOUS: 7, PinnedFetchTested: 8 }

interface Line {
  readonly scene: Scene
  /** Of a file: its text. */
  write(name: string, text: string): Promise<void>
  /** `pinned-fetch rotate <line>`, with `--yes` where it writes. */
  rotate(line: string): ReturnType<typeof runCommand>
}

/** In the folder: `next.json`, the candidate, and `root.pem`. */
async function atLine(t: TestContext): Promise<Line> {
  const scene = await rotationScene(t)
  const folder = await mkdtemp(join(tmpdir(), 'pinned-fetch-propose-'))
  t.after(() => rm(folder, { recursive: true }))
  const write = (name: string, text: string) => writeFile(join(folder, name), text)
  await write('next.json', scene.candidate)
  await write('root.pem', root.certificate)
  const rotate = (line: string) =>
    runCommand(`pinned-fetch rotate ${line}${line.startsWith('status') ? '' : ' --yes'}`, folder, {
      env: environmentOf(scene),
    })
  return { scene, write, rotate }
}

function environmentOf({ endpoint }: Scene): Record<string, string> {
  return { ...awsEnvironment(endpoint), AWS_MAX_ATTEMPTS: '1' }
}

/** More calls than any of the commands makes. */
const MAX_CALLS = 20

describe('pinned-fetch rotate propose and approve', () => {
  it('rotate-propose.txt', async (t) => {
    const scene = await rotationScene(t)
    const variables = {
      PORT: String(scene.server.port),
      ONE: scene.base,
      TODAY: today.pin,
      NEXT: next.pin,
      RESERVE: reserve.pin,
    }
    await playTranscript(new URL('rotate-propose.txt', import.meta.url), {
      env: environmentOf(scene),
      variables: { ...variables, ROOT: root.certificate },
      async before(command) {
        if (command.includes('rotate watch')) assert.equal((await scene.rotate()).failure, undefined)
        if (command.includes('rotate retire')) scene.server.present(presented(next))
      },
    })
  })

  it('are taken back, and can begin again', async (t) => {
    const { scene, rotate } = await atLine(t)
    for (let round = 1; round <= 2; round++) {
      assert.equal((await rotate(`propose ${SECRET} next.json`)).exitCode, 0)
      assert.deepEqual(await scene.stages(), PROPOSED)
      assert.equal((await rotate(`approve ${SECRET}`)).exitCode, 0)
      assert.deepEqual(await scene.stages(), { ...PROPOSED, PinnedFetchApproved: 8 })
      const { stdout } = await rotate(`abort ${SECRET}`)
      assert.match(stdout, /the candidate, version \S+, is given up; version \S+ stays current/)
      assert.deepEqual(await scene.stages(), AT_FIRST)
    }
  })

  it('are taken back together with the rotation that failed', async (t) => {
    const { scene, rotate, write } = await atLine(t)
    await write('wrong.json', scene.text(8, [reserve.pin, next.pin]))
    await rotate(`propose ${SECRET} wrong.json`)
    const checked = await rotate(`approve ${SECRET} --check --ca root.pem`)
    assert.equal(checked.exitCode, 4)
    assert.match(checked.stderr, /error: a host fails under the candidate/)
    await rotate(`approve ${SECRET}`)
    assert.notEqual((await scene.rotate()).failure, undefined)
    assert.deepEqual(await scene.stages(), { ...PROPOSED, AWSPENDING: 8, PinnedFetchApproved: 8 })
    assert.equal((await rotate(`propose ${SECRET} next.json`)).exitCode, 4)
    const status = await rotate(`status ${SECRET}`)
    assert.match(
      status.stdout,
      /^next {6}aws secretsmanager rotate-secret --secret-id prod\/pins goes on with it; rotate abort/m,
    )
    await rotate(`abort ${SECRET}`)
    assert.deepEqual(await scene.stages(), AT_FIRST)
    await rotate(`propose ${SECRET} next.json`)
    await rotate(`approve ${SECRET}`)
    assert.equal((await scene.rotate()).failure, undefined)
    assert.deepEqual(await scene.stages(), PROMOTED)
  })

  it('are told of, and taken back, where the function refused before it wrote anything', async (t) => {
    const { scene, rotate, write } = await atLine(t)
    await write('old.json', scene.text(6, [next.pin, today.pin]))
    await rotate(`propose ${SECRET} old.json --force`)
    await rotate(`approve ${SECRET} --force`)
    assert.notEqual((await scene.rotate()).failure, undefined)
    const { stdout } = await rotate(`status ${SECRET}`)
    assert.match(stdout, /^to {8}\S+ {2}empty {2}AWSPENDING\nproposed {2}\S+ {2}approved\nnext {6}aws/m)
    assert.equal((await rotate(`abort ${SECRET}`)).exitCode, 0)
    assert.deepEqual(await scene.stages(), AT_FIRST)
  })

  it('write nothing that the function would refuse', async (t) => {
    const { scene, rotate, write } = await atLine(t)
    await write('old.json', scene.text(6, [next.pin, today.pin]))
    const refused = await rotate(`propose ${SECRET} old.json`)
    assert.equal(refused.exitCode, 4)
    assert.match(
      refused.stderr,
      /serial 6 is lower than 7\b.*\nerror: the rotation function would refuse this candidate/,
    )
    assert.deepEqual(await scene.stages(), AT_FIRST)
  })

  it('approve no candidate that was made for another version, by hand, or that is another than was expected', async (t) => {
    const { scene, rotate } = await atLine(t)
    await rotate(`propose ${SECRET} next.json`)
    const expected = await rotate(`approve ${SECRET} --expect 01234567`)
    assert.equal(expected.exitCode, 4)
    const [, version = ''] = /is version (\S+), not 01234567/.exec(expected.stderr) ?? []
    assert.equal((await rotate(`approve ${SECRET} --expect ${version.slice(0, 8)} --dry-run`)).exitCode, 1)
    scene.endpoint.put(SECRET, scene.text(7, [today.pin, next.pin]))
    const moved = await rotate(`approve ${SECRET} --expect ${version.slice(0, 8)}`)
    assert.equal(moved.exitCode, 4)
    assert.match(moved.stderr, /was made for another version than is current/)
    assert.match(
      (await rotate(`status ${SECRET}`)).stdout,
      /made for another version than is current\nnext {6}rotate abort/,
    )
    await rotate(`abort ${SECRET}`)
    scene.endpoint.put(SECRET, scene.candidate, {
      stage: 'PinnedFetchCandidate',
      versionId: '0b5ad8f0-9b8a-4a1c-8a53-0d9b0f4f1a11',
    })
    assert.match((await rotate(`approve ${SECRET}`)).stderr, /was not written by rotate propose/)
  })

  it('are there beside a promoted rotation, and abort takes back the later one first', async (t) => {
    const { scene, rotate, write } = await atLine(t)
    await rotate(`propose ${SECRET} next.json`)
    await rotate(`approve ${SECRET}`)
    await scene.rotate()
    await write('after.json', scene.text(9, [next.pin, today.pin]))
    assert.equal((await rotate(`propose ${SECRET} after.json`)).exitCode, 0)
    assert.match((await rotate(`abort ${SECRET}`)).stdout, /once more takes the promoted rotation back/)
    assert.deepEqual(await scene.stages(), PROMOTED)
    const undone = await rotate(`abort ${SECRET}`)
    assert.match(undone.stdout, /is current again, with serial 9/)
    assert.deepEqual(await scene.stages(), { AWSCURRENT: 9, AWSPREVIOUS: 8, PinnedFetchTested: 8 })
    assert.match((await rotate(`status ${SECRET}`)).stdout, /^phase {2}idle/)
  })

  it('end by retire --keep, after which a rehearsal brings nothing back', async (t) => {
    const { scene, rotate } = await atLine(t)
    await rotate(`propose ${SECRET} next.json`)
    await rotate(`approve ${SECRET}`)
    await scene.rotate()
    await scene.rotate()
    assert.match((await rotate(`status ${SECRET}`)).stdout, /^phase {2}promoted/)
    assert.equal((await rotate(`retire ${SECRET} --keep`)).exitCode, 0)
    await scene.rotate()
    assert.deepEqual(await scene.stages(), { AWSCURRENT: 8, AWSPREVIOUS: 7 })
    assert.match((await rotate(`status ${SECRET}`)).stdout, /^phase {2}idle/)
  })

  for (const when of ['before', 'after'] as const) {
    it(`go on where they were interrupted, ${when} each of their calls`, async (t) => {
      const { scene, rotate } = await atLine(t)
      let cuts = 0
      const commands = [`propose ${SECRET} next.json`, `approve ${SECRET}`, `abort ${SECRET}`]
      for (const [index, command] of commands.entries()) {
        for (let number = 1; number < MAX_CALLS; number++) {
          scene.reset()
          for (const earlier of commands.slice(0, index)) assert.equal((await rotate(earlier)).exitCode, 0)
          scene.endpoint.cut(number, when)
          const { exitCode } = await rotate(command)
          scene.endpoint.cut(Number.MAX_SAFE_INTEGER, when)
          if (exitCode === 0) break
          cuts++
          const again = await rotate(command)
          assert.equal(again.exitCode, 0, `${command}, cut ${when} call ${number}: ${again.stderr}`)
          const approved = index === 1 ? { PinnedFetchApproved: 8 } : {}
          assert.deepEqual(await scene.stages(), index === 2 ? AT_FIRST : { ...PROPOSED, ...approved })
        }
      }
      assert.ok(cuts > 8, `${cuts} calls were cut`)
      t.diagnostic(`${cuts} calls were cut`)
    })
  }
})
