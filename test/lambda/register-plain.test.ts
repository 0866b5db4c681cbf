/**
 * Plain HTTP under the preload: never to a covered host, to others as the policy's default says, and always to the
 * services of the process's own environment, without which it would have neither invocations nor credentials.
 */

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { startPlainServer } from '../support/plain-server.ts'
import { policyOf, prepareScene, STRANGE_PINS } from './register/scene.ts'

/** Calls `given.urls` in each way, one after the other. */
const CALLS = `
import http, { get } from 'node:http'
import { Agent, request } from 'undici'
const own = () => new http.Agent({ keepAlive: true })
const ways = {
  fetch: (url) => fetch(url),
  'fetch with a dispatcher of its own': (url) => fetch(url, { dispatcher: new Agent() }),
  'http.get': (url) => sent(http.get(url)),
  'http.get by a named import': (url) => sent(get(url)),
  'http.request with an agent of its own': (url) => sent(http.request(url, { agent: own() })),
  'http.request without an agent': (url) => sent(http.request(url, { agent: false })),
  'new http.ClientRequest': (url) => sent(new http.ClientRequest(url)),
  'npm undici': (url) => request(url),
}
const outcomes = {}
for (const url of given.urls) {
  for (const [way, call] of Object.entries(ways)) (outcomes[way] ??= []).push(await outcomeOf(call(url)))
}
tell(outcomes)`

type Outcomes = Readonly<Record<string, readonly unknown[]>>

describe('plain HTTP under the preload', () => {
  it('never goes to a covered host, and to no other by default', async (t) => {
    const { script, store } = await prepareScene(t)
    const server = await startPlainServer()
    t.after(() => server.close())
    store(policyOf({ localhost: STRANGE_PINS }))
    const urls = [`http://localhost:${server.port}/`, server.url]
    const { told, stdout } = await script<Outcomes>(CALLS, { given: { urls } })
    const ways = Object.keys(told ?? {})
    assert.equal(ways.length, 8)
    assert.deepEqual(
      told,
      Object.fromEntries(ways.map((way) => [way, ['ERR_PLAINTEXT_REFUSED', 'ERR_HOST_NOT_COVERED']])),
    )
    assert.equal(server.recording.connections, 0)
    assert.equal(stdout.match(/"HostRefused":1/g)?.length, 16)
  })

  it('goes to an uncovered host where the policy allows it, by the agent that the caller brings', async (t) => {
    const { script, store } = await prepareScene(t)
    const server = await startPlainServer()
    t.after(() => server.close())
    store(policyOf({ 'api.partner.test': STRANGE_PINS }, { default: 'allow' }))
    const { told } = await script<Outcomes>(CALLS, { given: { urls: [server.url, server.url] } })
    for (const [way, outcomes] of Object.entries(told ?? {})) assert.deepEqual(outcomes, [200, 200], way)
  })

  for (const [name, value] of [
    ['AWS_LAMBDA_RUNTIME_API', (port: number) => `127.0.0.1:${port}`],
    ['AWS_XRAY_DAEMON_ADDRESS', (port: number) => `tcp:127.0.0.1:${port} udp:127.0.0.1:2`],
    ['AWS_CONTAINER_CREDENTIALS_FULL_URI', (port: number) => `http://127.0.0.1:${port}/credentials`],
  ] as const) {
    it(`goes to the address of ${name}, and to no other port or name of it`, async (t) => {
      const { script } = await prepareScene(t)
      const [service, neighbour] = await Promise.all([startPlainServer(), startPlainServer()])
      t.after(() => Promise.all([service.close(), neighbour.close()]))
      const urls = [service.url, neighbour.url, `http://localhost:${service.port}/`]
      const { told } = await script<Outcomes>(CALLS, {
        given: { urls },
        environment: { [name]: value(service.port) },
      })
      for (const [way, outcomes] of Object.entries(told ?? {})) {
        assert.deepEqual(outcomes, [200, 'ERR_HOST_NOT_COVERED', 'ERR_HOST_NOT_COVERED'], way)
      }
      assert.deepEqual([service.recording.requests, neighbour.recording.requests], [8, 0])
    })
  }

  it('is judged by where it goes when its agent says another place than the request', async (t) => {
    const { script } = await prepareScene(t)
    const [service, neighbour] = await Promise.all([startPlainServer(), startPlainServer()])
    t.after(() => Promise.all([service.close(), neighbour.close()]))
    const { told } = await script(
      `import http from 'node:http'
       const agent = new http.Agent({ host: '127.0.0.1', port: given.port })
       const first = await outcomeOf(sent(http.request(given.url, { agent })))
       const older = Object.create(http.ClientRequest.prototype)
       http.ClientRequest.call(older, { host: '127.0.0.1', port: given.port })
       tell([first, await outcomeOf(sent(older))])`,
      {
        given: { url: service.url, port: neighbour.port },
        environment: { AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${service.port}` },
      },
    )
    assert.deepEqual(told, ['ERR_HOST_NOT_COVERED', 'ERR_HOST_NOT_COVERED'])
    assert.equal(neighbour.recording.connections, 0)
  })

  it('goes to a socket path, which leads nowhere outside', async (t) => {
    const { script } = await prepareScene(t)
    const path = join(tmpdir(), `pinned-fetch-${process.pid}.sock`)
    const server = createServer((_incoming, outgoing) => outgoing.end('ok'))
    await new Promise<void>((resolve) => server.listen(path, resolve))
    t.after(() => server.close())
    const { told } = await script(
      `import http from 'node:http'
       tell(await outcomeOf(sent(http.request({ socketPath: given.path }))))`,
      { given: { path } },
    )
    assert.equal(told, 200)
  })
})
