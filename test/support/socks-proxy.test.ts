import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { intermediateOf, leafOf, presented, rootAuthority } from './authority.ts'
import { startPlainServer } from './plain-server.ts'
import { BOUND, type SocksProxyOptions, socksReply, startSocksProxy } from './socks-proxy.ts'

const root = await rootAuthority('Kit Root')
const issuing = await intermediateOf(root, 'Kit Issuing')
const leaf = await leafOf(issuing, ['kit.test'])

const GREETING = '\x05\x02\x00\x02'
const NAME = '\x03\x08kit.test'
const PLACES = {
  name: { written: NAME, host: 'kit.test' },
  IPv4: { written: '\x01\x7f\x00\x00\x01', host: '127.0.0.1' },
  IPv6: { written: `\x04${'\x00'.repeat(15)}\x01`, host: '::1' },
} as const

describe('the SOCKS5 proxy', () => {
  for (const [addressType, { written, host }] of Object.entries(PLACES)) {
    it(`carries a tunnel to a place written as ${addressType}`, async (t) => {
      const { proxy, origin } = await scene(t)
      const socket = await dial(t, proxy.port)
      assert.equal(await said(socket, GREETING, 2), '\x05\x00')
      assert.equal(await said(socket, wish(written, origin.port), 10), socksReply(0))
      assert.match(await said(socket, 'GET /secret HTTP/1.1\r\nHost: x\r\n\r\n', 15), /^HTTP\/1\.1 200 OK/)
      const [tunnel] = proxy.recording.tunnels
      assert.deepEqual([tunnel?.addressType, tunnel?.host, tunnel?.port], [addressType, host, origin.port])
      assert.match(String(tunnel?.sent), /^GET \/secret/)
      assert.equal(proxy.recording.text, GREETING + wish(written, origin.port))
      assert.deepEqual(proxy.recording.methods, [[0, 2]])
    })
  }

  it('takes a name and a password, refuses others, and refuses who offers none', async (t) => {
    const { proxy, origin } = await scene(t, { credentials: 'me:pass' })
    const socket = await dial(t, proxy.port)
    assert.equal(await said(socket, GREETING, 2), '\x05\x02')
    assert.equal(await said(socket, '\x01\x02me\x04pass', 2), '\x01\x00')
    await said(socket, wish(NAME, origin.port), 10)
    assert.equal(proxy.recording.tunnels[0]?.credentials, 'me:pass')
    const wrong = await dial(t, proxy.port)
    await said(wrong, GREETING, 2)
    assert.equal(await said(wrong, '\x01\x02me\x05wrong', 2), '\x01\x01')
    assert.equal(await said(await dial(t, proxy.port), '\x05\x01\x00', 2), '\x05\xff')
    assert.equal(proxy.recording.tunnels.length, 1)
  })

  it('refuses with 5 where nobody listens, and with whatever it is told', async (t) => {
    const { proxy } = await scene(t)
    const socket = await dial(t, proxy.port)
    await said(socket, GREETING, 2)
    assert.equal(await said(socket, wish(NAME, 9), 10), socksReply(5))
    for (const bound of ['IPv4', 'IPv6', 'name'] as const) {
      const bytes = socksReply(2, bound)
      const other = await scene(t, { answer: (moment) => (moment === 'place' ? { bytes, next: 'close' } : undefined) })
      const refused = await dial(t, other.proxy.port)
      await said(refused, GREETING, 2)
      assert.equal(await said(refused, wish(NAME, 9), 3 + BOUND[bound].length), bytes)
      refused.destroy()
      await other.proxy.whenConnectionsClosed()
    }
  })

  it('lies in its greeting, and answers byte by byte', async (t) => {
    const { proxy } = await scene(t, { answer: () => ({ bytes: 'HTTP/1.1 400', piecemeal: true, next: 'close' }) })
    const socket = await dial(t, proxy.port)
    assert.equal(await said(socket, GREETING, 12), 'HTTP/1.1 400')
    socket.destroy()
    await proxy.whenConnectionsClosed()
  })

  it('intercepts, and reads what it is sent', async (t) => {
    const intercept = { intercept: presented(leaf, issuing) }
    const { proxy } = await scene(t, {
      answer: (moment) => (moment === 'place' ? { bytes: socksReply(0), next: intercept } : undefined),
    })
    const socket = await dial(t, proxy.port)
    await said(socket, GREETING, 2)
    await said(socket, wish(NAME, 443), 10)
    const secure = connectTls({ socket, servername: 'kit.test', ca: root.certificate })
    secure.write('POST /secret')
    await once(secure, 'data')
    assert.equal(proxy.recording.tunnels[0]?.intercepted, 'POST /secret')
  })

  it('hangs up on what is no SOCKS5', async (t) => {
    const { proxy } = await scene(t)
    const socket = await dial(t, proxy.port)
    await said(socket, GREETING, 2)
    socket.write('\x04\x01\x00\x01')
    await proxy.whenConnectionsClosed()
    assert.equal(proxy.recording.tunnels.length, 0)
  })
})

async function scene(t: TestContext, options: SocksProxyOptions = {}) {
  const proxy = await startSocksProxy(options)
  const origin = await startPlainServer()
  t.after(() => Promise.all([proxy.close(), origin.close()]))
  return { proxy, origin }
}

async function dial(t: TestContext, port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port })
  t.after(() => socket.destroy())
  await once(socket, 'connect')
  return socket
}

const wish = (place: string, port: number) => `\x05\x01\x00${place}${String.fromCharCode(port >> 8, port & 0xff)}`

/** Says something, and takes so much of the answer. */
function said(socket: Socket, bytes: string, length: number): Promise<string> {
  return new Promise((resolve) => {
    const listener = () => {
      const answer: Buffer | null = socket.read(length)
      if (answer === null) return
      socket.off('readable', listener)
      resolve(answer.toString('latin1'))
    }
    socket.on('readable', listener)
    socket.write(bytes, 'latin1')
  })
}
