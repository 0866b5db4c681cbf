/**
 * Whom bare TLS is taken to lead to, where its caller does not say it: in a tunnel, over a socket, by other names of
 * `tls.connect`. And what is judged of a connection that no entry covers, or that is open when a date passes.
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { after, describe, it, type TestContext } from 'node:test'
import tls, { type TLSSocket } from 'node:tls'
import { assembleGuard } from '../../lib/guard.ts'
import { findPinnedFetchError } from '../../lib/index.ts'
import { guardTls } from '../../lib/lambda/register/tls.ts'
import type { Clock } from '../../lib/source/clock.ts'
import { stillClock } from '../attacks/changing-policy.ts'
import { leafOf, presented, rootAuthority } from '../support/authority.ts'
import { startConnectProxy } from '../support/connect-proxy.ts'
import { startTlsServer } from '../support/tls-server.ts'
import { policyOf, prepareScene, STRANGE_PINS } from './register/scene.ts'

const HOST = 'localhost'
const ALLOW = { default: 'allow' }
const root = await rootAuthority('Destination Root')
const leaf = await leafOf(root, [HOST, '127.0.0.1'])
const connectOfNode = tls.connect
const old = process.getBuiltinModule('_tls_wrap') as unknown as { connect: typeof tls.connect }
const connectOfOld = old.connect
after(() => {
  Object.assign(tls, { connect: connectOfNode })
  Object.assign(old, { connect: connectOfOld })
})

async function scene(t: TestContext, policyFor: (port: number) => object, clock?: Clock) {
  const server = await startTlsServer(presented(leaf))
  const guard = assembleGuard({ policy: policyFor(server.port), ca: root.certificate, metrics: false }, clock)
  await guard.ready()
  Object.assign(tls, { connect: connectOfNode })
  guardTls(guard.parts)
  t.after(() => Promise.all([guard.close(), server.close()]))
  const over = async (own: tls.ConnectionOptions = {}, host = HOST) => {
    const socket = net.connect(server.port, host)
    await once(socket, 'connect')
    return speaking(tls.connect({ socket, ca: root.certificate, rejectUnauthorized: false, ...own }))
  }
  return { server, over }
}

/** Writes at once, as whoever trusts the connection does. */
function speaking(socket: TLSSocket): TLSSocket {
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
  return socket
}

const codeAt = async (socket: TLSSocket) => findPinnedFetchError((await once(socket, 'error'))[0])?.code

const answered = async (socket: TLSSocket) => {
  const [chunk] = await once(socket, 'data')
  socket.destroy()
  return String(chunk).slice(0, 12)
}

describe('bare TLS over a socket of the caller’s', () => {
  it('is judged by the place that the socket is connected to', async (t) => {
    const { server, over } = await scene(t, (port) =>
      policyOf({ [`${HOST}:${port}`]: STRANGE_PINS, '127.0.0.1': STRANGE_PINS }, ALLOW),
    )
    for (const own of [{}, { servername: HOST }, { port: 0 }]) {
      assert.equal(await codeAt(await over(own)), 'ERR_PIN_MISMATCH')
    }
    assert.equal(await codeAt(await over({}, '127.0.0.1')), 'ERR_PIN_MISMATCH')
    await server.whenConnectionsClosed()
    assert.equal(server.recording.bytes, 0)
  })

  it('is judged by the entry for its port, before the one for all ports', async (t) => {
    const { server, over } = await scene(t, (port) =>
      policyOf({ [HOST]: [leaf.pin, ...STRANGE_PINS], [`${HOST}:${port}`]: STRANGE_PINS }),
    )
    assert.equal(await codeAt(await over({ servername: HOST })), 'ERR_PIN_MISMATCH')
    assert.equal(server.recording.bytes, 0)
  })

  it('is judged by the entry for its port also when the caller looked up the name himself, as gRPC does', async (t) => {
    const { over } = await scene(t, (port) =>
      policyOf({
        [HOST]: STRANGE_PINS,
        [`${HOST}:9443`]: STRANGE_PINS,
        [`${HOST}:${port}`]: [leaf.pin, ...STRANGE_PINS],
      }),
    )
    assert.equal(await answered(await over({ servername: HOST }, '127.0.0.1')), 'HTTP/1.1 200')
  })

  it('is judged by the only entry for the name where nobody knows the port, and refused where several are', async (t) => {
    const only = await scene(t, () => policyOf({ [`${HOST}:8443`]: STRANGE_PINS }, ALLOW))
    assert.equal(await codeAt(await only.over({ servername: HOST }, '127.0.0.1')), 'ERR_PIN_MISMATCH')
    const several = await scene(t, () =>
      policyOf({ [`${HOST}:8443`]: [leaf.pin, ...STRANGE_PINS], [`${HOST}:9443`]: STRANGE_PINS }, ALLOW),
    )
    assert.equal(await codeAt(await several.over({ servername: HOST }, '127.0.0.1')), 'ERR_CONFIGURATION')
    assert.deepEqual([only.server.recording.bytes, several.server.recording.bytes], [0, 0])
  })

  it('is asked again when a socket that was not connected turns out to lead to a covered host', async (t) => {
    const { server } = await scene(t, () => policyOf({ '127.0.0.1': STRANGE_PINS }, ALLOW))
    const socket = net.connect(server.port, '127.0.0.1')
    assert.equal(await codeAt(speaking(tls.connect({ socket, rejectUnauthorized: false }))), 'ERR_CONFIGURATION')
    assert.equal(server.recording.bytes, 0)
  })
})

describe('bare TLS', () => {
  it('to an uncovered host is refused for a denied key, and else goes on', async (t) => {
    const deny = { default: 'allow', deny: [leaf.pin] }
    const denied = await scene(t, () => policyOf({ 'api.partner.test': STRANGE_PINS }, deny))
    assert.equal(await codeAt(await denied.over({ servername: HOST })), 'ERR_KEY_DENIED')
    assert.equal(denied.server.recording.bytes, 0)
    const others = await scene(t, () =>
      policyOf({ 'api.partner.test': STRANGE_PINS }, { default: 'allow', deny: STRANGE_PINS.slice(0, 1) }),
    )
    assert.equal(await answered(await others.over({ servername: HOST })), 'HTTP/1.1 200')
  })

  it('is judged before any listener to its handshake, and by the old name of its module', async (t) => {
    const { server, over } = await scene(t, () => policyOf({ [HOST]: STRANGE_PINS }))
    const early = await over()
    early.prependListener('secure', () => speaking(early))
    early.prependOnceListener('secure', () => speaking(early))
    assert.equal(await codeAt(early), 'ERR_PIN_MISMATCH')
    assert.equal(await codeAt(speaking(old.connect(server.port, HOST))), 'ERR_PIN_MISMATCH')
    await server.whenConnectionsClosed()
    assert.equal(server.recording.bytes, 0)
  })

  it('ends by itself when the last pin that let it pass expires', async (t) => {
    const clock = stillClock()
    const expires = new Date(clock.now() + 60_000).toISOString()
    const pins = [{ sha256: leaf.pin.replace('sha256/', ''), expires }, ...STRANGE_PINS]
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { over } = await scene(t, () => ({ version: 1, hosts: { [HOST]: { pins } } }), clock)
    const socket = await over()
    await once(socket, 'secureConnect')
    const closed = once(socket, 'close')
    clock.advance(60_001)
    t.mock.timers.tick(60_001)
    await closed
  })
})

/** As https-proxy-agent: it tells its protocol by the stack, and hands on every option but host and port. */
const CALLS_BY_TUNNEL = `
import https from 'node:https'
import net from 'node:net'
import tls from 'node:tls'
class TunnelAgent extends https.Agent {
  proxy = 'http://127.0.0.1:' + given.port
  constructor() { super(); delete this.protocol }
  get protocol() { return new Error().stack.includes('node:https') ? 'https:' : 'http:' }
  set protocol(value) {}
  createConnection(options, callback) {
    const socket = net.connect(given.port, '127.0.0.1')
    socket.write('CONNECT ' + options.host + ':' + options.port + ' HTTP/1.1\\r\\nhost: x\\r\\n\\r\\n')
    const rest = {}
    for (const name in options) if (!['host', 'path', 'port'].includes(name)) rest[name] = options[name]
    socket.once('data', () => callback(null, tls.connect({ ...rest, socket, rejectUnauthorized: false })))
  }
}
const outcomes = []
for (const url of given.urls) outcomes.push(await outcomeOf(sent(https.request(url, { agent: new TunnelAgent() }))))
tell(outcomes)`

describe('a proxy agent that hands on neither host nor port', () => {
  for (const fallback of ['deny', 'allow']) {
    it(`is judged by the host and the port of its request, default "${fallback}"`, async (t) => {
      const { bad, good, leaf: own, script, store, url } = await prepareScene(t)
      const proxy = await startConnectProxy()
      t.after(() => proxy.close())
      const entries = {
        [`localhost:${good.port}`]: [own.pin, ...STRANGE_PINS],
        [`localhost:${bad.port}`]: STRANGE_PINS,
        [`127.0.0.1:${bad.port}`]: STRANGE_PINS,
      }
      store(policyOf(entries, { default: fallback }))
      const urls = [url(good), url(bad), url(bad).replace('localhost', '127.0.0.1')]
      const { told, stderr } = await script(CALLS_BY_TUNNEL, { given: { port: proxy.port, urls } })
      assert.deepEqual(told, [200, 'ERR_PIN_MISMATCH', 'ERR_PIN_MISMATCH'], stderr)
      assert.equal(proxy.recording.tunnels.length, 3)
      assert.equal(bad.recording.bytes, 0)
    })
  }
})

describe('the preload', () => {
  it('closes the connection of an agent that keeps none', async (t) => {
    const { good, script, url } = await prepareScene(t)
    const { told } = await script(
      `import https from 'node:https'
       const request = https.request(given, { agent: new https.Agent({ keepAlive: false }) })
       request.on('response', ({ headers }) => tell(headers.connection)).end()`,
      { given: url(good) },
    )
    assert.equal(told, 'close')
  })

  it('takes what undici 6 and 7 hand to the dispatcher that is everybody’s, the option "dispatcher" included', async (t) => {
    const { good, script, url } = await prepareScene(t)
    const { told } = await script(
      `import { getGlobalDispatcher } from 'undici'
       const call = { origin: new URL(given).origin, path: '/', method: 'GET', dispatcher: {} }
       getGlobalDispatcher().dispatch(call, {
         onRequestStart: () => undefined,
         onResponseStart: (_controller, status) => tell(status),
         onResponseData: () => undefined,
         onResponseEnd: () => undefined,
         onResponseError: (_controller, error) => tell(error.message),
       })`,
      { given: url(good) },
    )
    assert.equal(told, 200)
  })

  it('is in each worker thread also when another module is preloaded, and it was imported itself', async (t) => {
    const { bad, script, url } = await prepareScene(t)
    const { told } = await script(
      `await import(given.preload)
       const { Worker } = await import('node:worker_threads')
       const code = 'import { parentPort } from "node:worker_threads"; import { get } from "node:https"; get(' + JSON.stringify(given.url) + ').on("error", ({ code }) => parentPort.postMessage(code)).on("response", () => parentPort.postMessage("answered"))'
       new Worker(new URL('data:text/javascript,' + encodeURIComponent(code))).once('message', tell)`,
      {
        given: { preload: new URL('../../lib/lambda/register.ts', import.meta.url).href, url: url(bad) },
        nodeArguments: ['--expose-gc', '--import', 'data:text/javascript,1'],
      },
    )
    assert.equal(told, 'ERR_PIN_MISMATCH')
    assert.equal(bad.recording.bytes, 0)
  })
})
