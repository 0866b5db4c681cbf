import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { A, B, C, policyText, SECRET, secretScene, VERSIONS } from './push-scene.ts'
import { playTranscript, runCommand } from './transcript.ts'

const [ONE = '', , THREE = ''] = VERSIONS

async function scene(t: TestContext, texts = [policyText(1, A), policyText(2, B, A)]) {
  const { endpoint, env, variables } = await secretScene(t, texts)
  const folder = await mkdtemp(join(tmpdir(), 'pinned-fetch-push-'))
  t.after(() => rm(folder, { recursive: true }))
  const run = (command: string) => runCommand(command, folder, { env })
  const write = (name: string, text: string) => writeFile(join(folder, name), text)
  return { endpoint, env, variables, folder, run, write }
}

describe('pinned-fetch push', () => {
  it('push.txt', async (t) => {
    const { endpoint, env, variables } = await scene(t)
    endpoint.put('broken/pins', '{ no', { versionId: THREE })
    endpoint.put('wide/pins', JSON.stringify({ ...JSON.parse(policyText(1, A, B)), default: 'report' }), {
      versionId: THREE,
    })
    await playTranscript(new URL('push.txt', import.meta.url), { env, variables })
  })

  it('refuses when somebody writes between its reading and its writing, and leaves what he wrote', async (t) => {
    const { endpoint, run, write } = await scene(t)
    await write('policy.json', policyText(3, C, B))
    const held = endpoint.hold()
    const pushing = run(`pinned-fetch push policy.json ${SECRET} --expect ${VERSIONS[1]} --yes`)
    await held.asked
    // It has asked what is current; the answer is on the way.
    endpoint.put(SECRET, policyText(4, B, A), { versionId: THREE })
    held.release()
    const { exitCode, stderr } = await pushing
    assert.equal(exitCode, 4, stderr)
    assert.match(stderr, new RegExp(`somebody else moved AWSCURRENT meanwhile; it is on version ${THREE}`))
    assert.match((await run(`pinned-fetch pull ${SECRET}`)).stderr, /serial 4/)
  })

  for (const when of ['before', 'after'] as const) {
    for (const number of [1, 2, 3, 4, 5, 6]) {
      it(`interrupted ${when} its call ${number} is done by the same command again`, async (t) => {
        const { endpoint, run, write } = await scene(t)
        await write('policy.json', policyText(3, C, B))
        endpoint.cut(number, when)
        const command = `pinned-fetch push policy.json ${SECRET} --expect ${VERSIONS[1]} --yes`
        const first = await run(command)
        assert.equal(first.exitCode, 3, first.stderr)
        assert.match(first.stderr, /ECONNRESET[\s\S]*the same command goes on from there/)
        const second = await run(command)
        assert.equal(second.exitCode, 0, second.stderr)
        const { stdout } = await run(`pinned-fetch history ${SECRET} --json`)
        const [newest, before, ...older] = JSON.parse(stdout)
        assert.deepEqual([newest.serial, newest.stages], [3, ['AWSCURRENT']])
        assert.deepEqual([before.serial, before.stages], [2, ['AWSPREVIOUS']])
        assert.equal(older.length, 1)
      })
    }
  }

  it('asks the endpoint, with the region and the credentials, that a real process has', async (t) => {
    const { endpoint, env, folder, write } = await scene(t)
    await write('policy.json', policyText(3, C, B))
    const main = fileURLToPath(new URL('../../lib/cli/main.ts', import.meta.url))
    const { AWS_MAX_ATTEMPTS: _, ...real } = env
    const { status, stdout } = await new Promise<{ status: unknown; stdout: string }>((resolve) => {
      execFile(
        process.execPath,
        [main, 'push', 'policy.json', SECRET, '--expect', String(VERSIONS[1]), '--yes'],
        { cwd: folder, env: { PATH: process.env['PATH'], ...real } },
        (error, stdout) => resolve({ status: error === null ? 0 : error.code, stdout }),
      )
    })
    assert.equal(status, 0, stdout)
    assert.ok(endpoint.requests.some(({ action }) => action === 'PutSecretValue'))
    assert.match(stdout, /is current, in the place of version 22222222/)
  })

  it('puts nothing unsigned in the place of what is signed, and changes nothing that is', async (t) => {
    const { run, write } = await scene(t)
    const { privateKey } = generateKeyPairSync('ed25519')
    await write('key.pem', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
    const sign = async (serial: number, ...pins: string[]) => {
      await write('plain.json', policyText(serial, ...pins))
      const { exitCode, stderr } = await run(
        `pinned-fetch sign plain.json --key key.pem --no-expiry --out signed-${serial}.json`,
      )
      assert.equal(exitCode, 0, stderr)
    }
    await sign(3, B, A)
    await sign(4, C, B)
    assert.equal((await run(`pinned-fetch push signed-3.json ${SECRET} --expect ${VERSIONS[1]} --yes`)).exitCode, 0)
    assert.equal((await run(`pinned-fetch pull ${SECRET} current.json`)).exitCode, 0)
    const { stdout } = await run(`pinned-fetch diff current.json signed-4.json`)
    assert.match(stdout, /^~ serial {2}3 -> 4\n\+ hosts/)

    await write('current.json', policyText(5, C, B))
    const unsigned = await run(`pinned-fetch push current.json ${SECRET} --yes`)
    assert.equal(unsigned.exitCode, 4)
    assert.match(unsigned.stderr, /signature is gone: guards that demand a signature refuse the document/)

    const id = /version (\S+),/.exec((await run(`pinned-fetch pull ${SECRET}`)).stderr)?.[1]
    assert.equal((await run(`pinned-fetch push signed-4.json ${SECRET} --expect ${id} --yes`)).exitCode, 0)
    const back = await run(`pinned-fetch rollback ${SECRET} --yes`)
    assert.equal(back.exitCode, 4)
    assert.match(
      back.stderr,
      /is signed: with another serial its signature is good no more\nhint: pinned-fetch pull .* --unsigned; write "serial": 5 .*; pinned-fetch sign .*; pinned-fetch push signed.json prod\/pins --expect /,
    )
  })

  it('tells what the service refuses, with the permission to ask for, and no content', async (t) => {
    const { endpoint, run, write } = await scene(t)
    await write('policy.json', policyText(3, C, B))
    endpoint.fail({ code: 'AccessDeniedException', message: 'User is not authorized' })
    const { exitCode, stderr } = await run(`pinned-fetch push policy.json ${SECRET} --expect ${ONE} --yes`)
    assert.equal(exitCode, 3)
    assert.equal(
      stderr,
      `error: secret "prod/pins": DescribeSecret: AccessDeniedException: User is not authorized\nhint: grant yourself secretsmanager:DescribeSecret on this secret\n`,
    )
  })

  it('says what is missing in the environment', async (t) => {
    const { run: _, folder, env, write } = await scene(t)
    await write('policy.json', policyText(3, C, B))
    const command = `pinned-fetch push policy.json ${SECRET} --yes`
    const { AWS_REGION: _region, ...noRegion } = env
    assert.match((await runCommand(command, folder, { env: noRegion })).stderr, /hint: set AWS_REGION/)
    const { AWS_SECRET_ACCESS_KEY: _key, ...noKey } = env
    assert.match((await runCommand(command, folder, { env: noKey })).stderr, /hint: sign in, or set AWS_ACCESS_KEY_ID/)
  })
})
