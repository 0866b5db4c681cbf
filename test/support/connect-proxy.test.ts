import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import { request as secureRequest } from 'node:https'
import type { Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { ProxyAgent, fetch as undiciFetch } from 'undici'
import { intermediateOf, leafOf, presented, rootAuthority } from './authority.ts'
import { type ConnectProxyOptions, ESTABLISHED, refusal, startConnectProxy } from './connect-proxy.ts'
import { startTlsServer } from './tls-server.ts'

const root = await rootAuthority('Kit Root')
const issuing = await intermediateOf(root, 'Kit Issuing')
const leaf = await leafOf(issuing, ['kit.test'])
const proxyLeaf = await leafOf(issuing, ['proxy.test'])
const ca = root.certificate

describe('the CONNECT proxy', () => {
  for (const over of ['plain TCP', 'TLS'] as const) {
    const identity = over === 'TLS' ? { identity: presented(proxyLeaf, issuing) } : {}

    it(`carries a tunnel, and records what it was told and what went through (${over})`, async (t) => {
      const { proxy, origin } = await scene(t, { ...identity, credentials: 'me:pass' })
      const agent = new ProxyAgent({
        uri: `${over === 'TLS' ? 'https' : 'http'}://127.0.0.1:${proxy.port}`,
        token: `Basic ${Buffer.from('me:pass').toString('base64')}`,
        requestTls: { ca },
        proxyTls: { ca, servername: 'proxy.test' },
      })
      t.after(() => agent.destroy())
      const asked = proxy.whenAsked()
      const response = await undiciFetch(`https://kit.test:${origin.port}/secret`, { dispatcher: agent })
      assert.equal(await response.text(), 'ok')
      const tunnel = await asked
      assert.deepEqual(
        [tunnel.target, tunnel.host, tunnel.port, tunnel.addressType, tunnel.credentials, tunnel.early],
        [`kit.test:${origin.port}`, 'kit.test', origin.port, 'name', 'me:pass', 0],
      )
      assert.match(proxy.recording.text, /^CONNECT kit\.test:\d+ HTTP\/1\.1\r\n[\s\S]*\r\n\r\n$/)
      assert.equal(tunnel.sent[0], 0x16, 'a TLS handshake')
      assert.ok(!tunnel.sent.includes('secret'))
      assert.deepEqual(proxy.recording.servernames, over === 'TLS' ? ['proxy.test'] : [])
    })

    it(`may answer anything, and leave it at that (${over})`, async (t) => {
      const answers = [refusal(403), { bytes: 'nonsense\r\n\r\n', next: 'close' as const }]
      const { proxy } = await scene(t, { ...identity, answer: () => answers.shift() })
      const { response, socket } = await ask(proxy.port, over)
      assert.equal(response?.statusCode, 403)
      assert.equal(proxy.connectionsOpen(), 1)
      socket?.destroy()
      await proxy.whenConnectionsClosed()
      await assert.rejects(ask(proxy.port, over), { code: 'HPE_INVALID_CONSTANT' })
      await proxy.whenConnectionsClosed()
      assert.deepEqual(
        proxy.recording.tunnels.map(({ target, sent }) => [target, sent.length]),
        [
          ['kit.test:9', 0],
          ['kit.test:9', 0],
        ],
      )
    })
  }

  it('asks for credentials with 407, says 502 where nobody listens, and serves no other request', async (t) => {
    const { proxy } = await scene(t, { credentials: 'me:pass' })
    const first = await ask(proxy.port)
    assert.deepEqual(
      [first.response.statusCode, first.response.headers['proxy-authenticate']],
      [407, 'Basic realm="kit"'],
    )
    const headers = { 'proxy-authorization': `Basic ${Buffer.from('me:pass').toString('base64')}` }
    assert.equal((await ask(proxy.port, 'plain TCP', { headers })).response.statusCode, 502)
    const other = request({ host: '127.0.0.1', port: proxy.port, path: 'http://kit.test/' }).end()
    const [response] = await once(other, 'response')
    assert.equal(response.statusCode, 501)
    assert.deepEqual(proxy.recording.requests, ['GET http://kit.test/'])
    proxy.destroyConnections()
    await proxy.whenConnectionsClosed()
  })

  it('tells early bytes from those that came after its answer, and answers byte by byte', async (t) => {
    const granted = Promise.withResolvers<{ bytes: string; piecemeal: true }>()
    const { proxy, origin } = await scene(t, { answer: () => granted.promise })
    const outgoing = request({ host: '127.0.0.1', port: proxy.port, method: 'CONNECT', path: `a:${origin.port}` })
    outgoing.end()
    const asked = proxy.whenAsked()
    outgoing.once('socket', (socket: Socket) => socket.once('connect', () => socket.write('too early')))
    const tunnel = await asked
    while (tunnel.early < 9) await new Promise(setImmediate)
    granted.resolve({ bytes: ESTABLISHED, piecemeal: true })
    const [response, socket] = await once(outgoing, 'connect')
    assert.equal(response.statusCode, 200)
    socket.end('late')
    await proxy.whenConnectionsClosed()
    assert.deepEqual([tunnel.early, tunnel.sent.toString()], [9, 'late'])
  })

  it('intercepts, and reads what it is sent', async (t) => {
    const answer = () => ({ bytes: ESTABLISHED, next: { intercept: presented(leaf, issuing) } })
    const { proxy } = await scene(t, { answer })
    const { socket } = await ask(proxy.port)
    const secure = connectTls({ socket, servername: 'kit.test', ca })
    secure.write('POST /secret')
    const [said] = await once(secure, 'data')
    assert.match(String(said), /^HTTP\/1\.1 200 OK[\s\S]*intercepted$/)
    assert.equal(proxy.recording.tunnels[0]?.intercepted, 'POST /secret')
    secure.destroy()
    await proxy.whenConnectionsClosed()
  })

  it('finds a name where it is told, shows another certificate when told, and may delay its handshake', async (t) => {
    const handshake = Promise.withResolvers<void>()
    const identity = presented(leaf, issuing)
    const { proxy, origin } = await scene(t, { identity, delayHandshake: () => handshake.promise })
    proxy.present(presented(proxyLeaf, issuing))
    const connected = proxy.whenConnected()
    const asking = ask(proxy.port, 'TLS', { path: `kit.test:${origin.port}` })
    await connected
    assert.equal(proxy.recording.handshakes, 0)
    handshake.resolve()
    assert.equal((await asking).response.statusCode, 200)
    proxy.recording.clear()
    assert.deepEqual([proxy.recording.bytes, proxy.recording.connections], [0, 0])
  })
})

async function scene(t: TestContext, options: ConnectProxyOptions) {
  const origin = await startTlsServer(presented(leaf, issuing))
  const proxy = await startConnectProxy(options)
  t.after(() => Promise.all([proxy.close(), origin.close()]))
  return { origin, proxy }
}

async function ask(port: number, over = 'plain TCP', { path = 'kit.test:9', headers = {} } = {}) {
  const options = { host: '127.0.0.1', port, method: 'CONNECT', path, headers, agent: false }
  const outgoing = over === 'TLS' ? secureRequest({ ...options, ca, servername: 'proxy.test' }) : request(options)
  const [response, socket] = await once(outgoing.end(), 'connect')
  return { response, socket }
}
