import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { describe, it } from 'node:test'
import { createGuard } from '../../lib/index.ts'
import { presented } from '../support/authority.ts'
import { awsClientOptions } from '../support/secrets-endpoint.ts'
import { startTlsServer } from '../support/tls-server.ts'
import { A, B, policyText, SECRET, secretScene, VERSIONS } from './push-scene.ts'
import { next, root, today } from './rotate-scene.ts'
import { playTranscript, runCommand } from './transcript.ts'

const [ONE = '', TWO = ''] = VERSIONS

describe('pinned-fetch rollback', () => {
  it('rollback.txt', async (t) => {
    const [server, other] = await Promise.all([
      startTlsServer(presented(today), { respond: () => ({ headers: { connection: 'close' } }) }),
      startTlsServer(presented(next), { respond: () => ({ headers: { connection: 'close' } }) }),
    ])
    t.after(() => Promise.all([server.close(), other.close()]))
    const [here, there] = [server, other].map(({ port }) => `localhost:${port}`) as [string, string]
    const entry = (...pins: string[]) => ({ pins, anchors: [root.certificate] })
    const text = (serial: number | undefined, hosts: object) => JSON.stringify({ version: 1, serial, hosts })
    const plain = (serial: number | undefined) => [
      text(serial, { [here]: entry(today.pin) }),
      text(serial && serial + 1, { [here]: entry(next.pin, today.pin) }),
    ]
    const { endpoint, env, variables } = await secretScene(t, plain(1))
    const dates = [new Date(Date.UTC(2026, 0, 1)), new Date(Date.UTC(2026, 0, 2))]
    const put = (id: string, texts: readonly string[]) => {
      for (const [index, text] of texts.entries()) {
        const versionId = VERSIONS[index] ?? ''
        endpoint.put(id, text, { versionId, created: dates[index] ?? new Date() })
      }
    }
    put('plain/pins', plain(undefined))
    put('broken/pins', [plain(1)[0] ?? '', '{ no'])
    put('moved/pins', [
      text(7, { [there]: entry(today.pin) }),
      text(8, { [there]: entry(next.pin, today.pin), [here]: entry(today.pin, next.pin) }),
    ])
    const reportUntil = new Date(Date.now() + 3_600_000).toISOString()
    const nowhere = { 'nowhere.test': entry(today.pin) }
    put('glass/pins', [
      text(7, { [there]: entry(today.pin), ...nowhere }),
      text(8, { [there]: { ...entry(today.pin), reportUntil }, ...nowhere }),
    ])
    await playTranscript(new URL('rollback.txt', import.meta.url), {
      env,
      variables: {
        ...variables,
        TODAY: today.pin,
        NEXT: next.pin,
        PORT: String(server.port),
        OTHER_PORT: String(other.port),
      },
    })
  })

  it('is taken by a guard that had the version of after; the old version itself is not', async (t) => {
    const { endpoint, env } = await secretScene(t, [policyText(1, A), policyText(2, B, A)])
    const guard = createGuard({ secretId: SECRET, awsClientOptions: awsClientOptions(endpoint), metrics: false })
    t.after(() => guard.close())
    await guard.ready()
    const pins = async () => (await guard.explain('api.partner.example')).pins
    assert.deepEqual(await pins(), [B, A])

    const { exitCode } = await runCommand(`pinned-fetch rollback ${SECRET} --address 127.0.0.1:1 --yes`, tmpdir(), {
      env,
    })
    assert.equal(exitCode, 0)
    await guard.refresh()
    assert.deepEqual(await pins(), [A])

    endpoint.put(SECRET, policyText(1, A))
    await assert.rejects(guard.refresh(), { code: 'ERR_POLICY_ROLLED_BACK' })
  })

  for (const [name, serials] of [
    ['with serials', [1, 2]],
    ['without', [undefined, undefined]],
  ] as const) {
    for (const when of ['before', 'after'] as const) {
      it(`${name}, interrupted ${when} any of its calls, is done by the same command again`, async (t) => {
        for (let number = 1; ; number++) {
          const [first, second] = serials
          const { endpoint, env } = await secretScene(t, [policyText(first, A), policyText(second, B, A)])
          const run = (command: string) => runCommand(command, tmpdir(), { env })
          endpoint.cut(number, when)
          const command = `pinned-fetch rollback ${SECRET} --address 127.0.0.1:1 --yes`
          const { exitCode } = await run(command)
          if (exitCode === 0) return void assert.ok(number > 4, `only ${number} calls`)
          assert.equal(exitCode, 3)
          const again = await run(command)
          assert.equal(again.exitCode, 0, again.stderr)
          const history = JSON.parse((await run(`pinned-fetch history ${SECRET} --json`)).stdout)
          const current = history.find(({ stages }: { stages: string[] }) => stages.includes('AWSCURRENT'))
          assert.deepEqual([current.serial, history.length], first === undefined ? [undefined, 2] : [3, 3])
          if (first === undefined) assert.equal(current.version, ONE)
          else assert.ok(![ONE, TWO].includes(current.version))
        }
      })
    }
  }
})
