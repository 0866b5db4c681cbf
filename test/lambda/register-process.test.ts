/**
 * The preload and its process: who is let through and who is not, what of a caller's own agent is kept, what is told,
 * threads, and the order of loading.
 */

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { leafOf, presented, rootAuthority } from '../support/authority.ts'
import { startConnectProxy } from '../support/connect-proxy.ts'
import { policyOf, prepareScene, REGISTER, SECRET_ID, STRANGE_PINS } from './register/scene.ts'

describe('the policy of a process with the preload', () => {
  it('is loaded past the preload by the guard alone: a client of the same make is judged like any other', async (t) => {
    const { script, secrets } = await prepareScene(t)
    const { told } = await script(
      `import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
       const client = new SecretsManagerClient({ maxAttempts: 1 })
       tell(await outcomeOf(client.send(new GetSecretValueCommand({ SecretId: given }))))`,
      { given: SECRET_ID },
    )
    assert.equal(told, 'ERR_HOST_NOT_COVERED')
    assert.equal(secrets.requests.length, 1)
  })

  it('that can not be loaded fails each call with the reason, and does not end the process', async (t) => {
    const { good, secrets, script, url } = await prepareScene(t)
    secrets.remove(SECRET_ID)
    const { told, stdout } = await script(
      `import https from 'node:https'
       import tls from 'node:tls'
       tell(await Promise.all([
         outcomeOf(fetch(given)),
         outcomeOf(sent(https.request(given, { agent: new https.Agent() }))),
         outcomeOf(new Promise((_, reject) => tls.connect(Number(new URL(given).port), 'localhost').on('error', reject))),
       ]))`,
      { given: url(good) },
    )
    assert.deepEqual(told, Array(3).fill('ERR_POLICY_UNAVAILABLE'))
    assert.match(stdout, /"PolicyRefreshFailure":1/)
    assert.equal(good.recording.connections, 0)
  })

  it('refuses hosts that no entry covers, by every door', async (t) => {
    const { good, script, store, url } = await prepareScene(t)
    store(policyOf({ 'api.partner.test': STRANGE_PINS }))
    const { told } = await script(EVERY_DOOR, { given: url(good) })
    assert.deepEqual(told, Array(4).fill('ERR_HOST_NOT_COVERED'))
    assert.equal(good.recording.connections, 0)
  })

  it('lets them pass where its default does, and TLS of other makes is then what it was', async (t) => {
    const { good, script, store, url } = await prepareScene(t)
    store(policyOf({ 'api.partner.test': STRANGE_PINS }, { default: 'allow' }))
    const { told } = await script(EVERY_DOOR, { given: url(good) })
    assert.deepEqual(told, [200, 200, 200, 200])
  })

  it('in mode report lets through and tells', async (t) => {
    const { bad, script, url } = await prepareScene(t)
    const { told, stdout } = await script(EVERY_DOOR, {
      given: url(bad),
      environment: { PINNED_FETCH_MODE: 'report' },
    })
    assert.deepEqual(told, [200, 200, 200, 200])
    assert.match(stdout, /"PinReportOnlyFailure":1/)
  })
})

/** A call by each of: fetch, an agent of its own, a dispatcher of its own, bare TLS. */
const EVERY_DOOR = `
import https from 'node:https'
import tls from 'node:tls'
import { Agent, request } from 'undici'
const { port } = new URL(given)
const bare = new Promise((resolve, reject) => {
  const socket = tls.connect(Number(port), 'localhost').on('error', reject)
  socket.write('GET / HTTP/1.1\\r\\nhost: localhost\\r\\n\\r\\n')
  socket.once('data', (chunk) => resolve({ status: Number(String(chunk).slice(9, 12)) }))
})
tell(await Promise.all([
  outcomeOf(fetch(given)),
  outcomeOf(sent(https.request(given, { agent: new https.Agent() }))),
  outcomeOf(request(given, { dispatcher: new Agent() })),
  outcomeOf(bare),
]))`

describe('bare TLS to a covered host', () => {
  it('is refused when only the caller trusts the root, though the key is pinned', async (t) => {
    const { good, script, store } = await prepareScene(t)
    const root = await rootAuthority('Rogue Root')
    const rogue = await leafOf(root, ['localhost'])
    good.present(presented(rogue, root))
    store(policyOf({ localhost: [rogue.pin, ...STRANGE_PINS] }))
    const { told } = await script(
      `import tls from 'node:tls'
       const secureContext = tls.createSecureContext({ ca: given.ca })
       const calls = [{ secureContext }, { ca: given.ca }, { ca: given.ca, minVersion: 'TLSv1.2' }]
       tell(await Promise.all(calls.map((own) => outcomeOf(new Promise((resolve, reject) => {
         const socket = tls.connect({ port: given.port, host: 'localhost', rejectUnauthorized: false, ...own })
         socket.on('error', reject).on('data', resolve).write('GET / HTTP/1.1\\r\\nhost: x\\r\\n\\r\\n')
       })))))`,
      { given: { ca: root.certificate, port: good.port } },
    )
    assert.deepEqual(told, ['ERR_PATH_NOT_VERIFIED', 'SELF_SIGNED_CERT_IN_CHAIN', 'SELF_SIGNED_CERT_IN_CHAIN'])
    await good.whenConnectionsClosed()
    assert.equal(good.recording.bytes, 0)
  })

  it('resumes no session, which would show no certificate', async (t) => {
    const { good, script } = await prepareScene(t)
    const { told } = await script(
      `import tls from 'node:tls'
       const call = (own) => new Promise((resolve, reject) => {
         const { port } = given
         const socket = tls.connect({ port, host: '127.0.0.1', servername: 'localhost', session: own.early })
         if (own.late) socket.setSession(own.late)
         socket.on('error', reject).write('GET / HTTP/1.1\\r\\nhost: x\\r\\n\\r\\n')
         socket.on('data', () => resolve({ ticket: socket.getSession(), reused: socket.isSessionReused() }))
       })
       const { ticket } = await call({})
       const later = [await call({ early: ticket }), await call({ late: ticket })]
       tell([ticket instanceof Buffer, ...later.map(({ reused }) => reused)])`,
      { given: { port: good.port } },
    )
    assert.deepEqual(told, [true, false, false])
    assert.equal(good.recording.resumed, 0)
  })
})

describe('an agent of the caller’s', () => {
  it('lends its client certificate, and what else it loses is told', async (t) => {
    const { good, script, url } = await prepareScene(t, { requestCert: true })
    const root = await rootAuthority('Client Root')
    const client = await leafOf(root, ['client'])
    const { told, stdout, stderr } = await script(
      `import https from 'node:https'
       const agent = new https.Agent({ cert: given.cert, key: given.key, ca: given.ca, ciphers: 'DEFAULT' })
       let subject
       const request = https.request(given.url, { agent })
       request.on('socket', (socket) => (subject = socket.getCertificate().subject))
       tell([await outcomeOf(sent(request)), subject.CN])`,
      {
        given: { cert: client.certificate, key: client.privateKey, ca: root.certificate, url: url(good) },
      },
    )
    assert.deepEqual(told, [200, 'client'], stdout + stderr)
    assert.match(stdout, /TLS_OPTIONS_IGNORED ca, ciphers/)
  })

  it('that goes through a proxy stays, and what its tunnel carries is pinned', async (t) => {
    const { bad, good, script, url } = await prepareScene(t)
    const [theirs, ours] = await Promise.all([startConnectProxy(), startConnectProxy()])
    t.after(() => Promise.all([theirs.close(), ours.close()]))
    const given = { port: theirs.port, urls: [url(good), url(bad)] }
    const { told } = await script(CALLS_BY_TUNNEL, { given })
    assert.deepEqual(told, [200, 'ERR_PIN_MISMATCH'])
    assert.deepEqual([theirs.recording.tunnels.length, ours.recording.tunnels.length], [2, 0])

    const PINNED_FETCH_PROXY = `http://127.0.0.1:${ours.port}`
    const again = await script(CALLS_BY_TUNNEL, { given, environment: { PINNED_FETCH_PROXY } })
    assert.deepEqual(again.told, [200, 'ERR_PIN_MISMATCH'])
    assert.deepEqual([theirs.recording.tunnels.length, ours.recording.tunnels.length], [2, 2])
    assert.equal(bad.recording.bytes, 0)
  })

  it('in undici tunnels by itself: what it carries is pinned', async (t) => {
    const { bad, good, script, url } = await prepareScene(t)
    const proxy = await startConnectProxy()
    t.after(() => proxy.close())
    const { told } = await script(
      `import { ProxyAgent, request } from 'undici'
       const dispatcher = new ProxyAgent({ uri: given.proxy, requestTls: { rejectUnauthorized: false } })
       const outcomes = []
       for (const url of given.urls) outcomes.push(await outcomeOf(request(url, { dispatcher })))
       tell(outcomes)`,
      { given: { proxy: `http://127.0.0.1:${proxy.port}`, urls: [url(good), url(bad)] } },
    )
    assert.deepEqual(told, [200, 'ERR_PIN_MISMATCH'])
    assert.equal(bad.recording.bytes, 0)
  })
})

/** One call to each URL, by an agent that asks a proxy for tunnels, as https-proxy-agent does. */
const CALLS_BY_TUNNEL = `
import https from 'node:https'
import net from 'node:net'
import tls from 'node:tls'
class TunnelAgent extends https.Agent {
  proxy = 'http://127.0.0.1:' + given.port
  createConnection(options, callback) {
    const socket = net.connect(given.port, '127.0.0.1')
    socket.write('CONNECT ' + options.host + ':' + options.port + ' HTTP/1.1\\r\\nhost: x\\r\\n\\r\\n')
    socket.once('data', () => {
      const secured = tls.connect({ socket, servername: options.host, port: options.port, rejectUnauthorized: false })
      callback(null, secured)
    })
  }
}
const outcomes = []
for (const url of given.urls) outcomes.push(await outcomeOf(sent(https.request(url, { agent: new TunnelAgent() }))))
tell(outcomes)`

/** One call to each URL, by each of fetch and https. */
const TWO_CALLS = `
const { default: https } = await import('node:https')
const outcomes = []
for (const url of given) outcomes.push(await outcomeOf(fetch(url)), await outcomeOf(sent(https.request(url))))`

const REFUSED_THEN_ANSWERED = ['ERR_PIN_MISMATCH', 'ERR_PIN_MISMATCH', 200, 200]

describe('the preload', () => {
  it('loaded twice, from two copies, loads one policy', async (t) => {
    const { bad, good, script, secrets, url } = await prepareScene(t)
    const { told } = await script(`await import('${REGISTER}?copy'); ${TWO_CALLS}; tell(outcomes)`, {
      given: [url(bad), url(good)],
      nodeArguments: ['--import', REGISTER, '--import', `${REGISTER}?again`],
    })
    assert.deepEqual(told, REFUSED_THEN_ANSWERED)
    // The first load, and one that the mismatches asked for.
    assert.ok(secrets.requests.length <= 3, `${secrets.requests.length} loads`)
  })

  for (const [title, options] of [
    ['', {}],
    [', also with no arguments', { execArgv: [] }],
    [', also with an environment of its own', { env: {} }],
    [', also with both', { execArgv: ['--no-warnings'], env: { NODE_OPTIONS: '' } }],
  ] as const) {
    it(`is in each worker thread${title}`, async (t) => {
      const { bad, good, script, url } = await prepareScene(t)
      const { told } = await script(
        `import { Worker } from 'node:worker_threads'
         const worker = new Worker(given.code, { eval: true, ...given.options })
         worker.once('message', tell).once('error', (error) => tell(error.message))`,
        {
          given: {
            options,
            code: `(async () => {
              const { codeOf } = await import('${new URL('register/outcome.ts', import.meta.url)}')
              const outcomeOf = (call) => call.then(({ status, statusCode }) => status ?? statusCode, codeOf)
              const sent = (request) => new Promise((resolve, reject) => {
                request.on('response', (incoming) => resolve(incoming.resume())).on('error', reject).end()
              })
              const given = ${JSON.stringify([url(bad), url(good)])}
              ${TWO_CALLS}
              const { parentPort } = await import('node:worker_threads')
              parentPort.postMessage(outcomes)
            })()`,
          },
          nodeArguments: [],
          environment: { NODE_OPTIONS: `--import ${REGISTER}` },
        },
      )
      assert.deepEqual(told, REFUSED_THEN_ANSWERED)
      assert.equal(bad.recording.bytes, 0)
    })
  }

  it('also pins code that took https.request before it was loaded', async (t) => {
    const { bad, environment, good, script, url } = await prepareScene(t)
    const early = join(dirname(String(environment['NODE_EXTRA_CA_CERTS'])), 'early.cjs')
    writeFileSync(
      early,
      'const https = require("https"); globalThis.early = { request: https.request, Agent: https.Agent }',
    )
    const { told } = await script(
      `const { request, Agent } = globalThis.early
       const outcomes = []
       for (const url of given) {
         outcomes.push(await outcomeOf(sent(request(url))), await outcomeOf(sent(request(url, { agent: new Agent() }))))
       }
       tell(outcomes)`,
      { given: [url(bad), url(good)], nodeArguments: ['--require', early, '--import', REGISTER] },
    )
    assert.deepEqual(told, REFUSED_THEN_ANSWERED)
    assert.equal(bad.recording.bytes, 0)
  })
})
