import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { request } from 'node:https'
import { describe, it } from 'node:test'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { Agent, fetch } from 'undici'
import { intermediateOf, leafOf, presented, rootAuthority } from './authority.ts'
import { startPlainServer } from './plain-server.ts'
import { startTlsServer, type TlsServer } from './tls-server.ts'

const root = await rootAuthority('Kit Root')
const issuing = await intermediateOf(root, 'Kit Issuing')
const leaf = await leafOf(issuing, ['kit.test', '127.0.0.1'])
const chain = presented(leaf, issuing)

describe('the TLS server', () => {
  it('answers HTTP/1.1 with keep-alive and records every byte', async (t) => {
    const server = await startTlsServer(chain)
    t.after(() => server.close())
    const agent = new Agent({ connections: 1, connect: { ca: root.certificate } })
    t.after(() => agent.destroy())
    for (const path of ['/one', '/two']) {
      const requested = server.whenRequested()
      const response = await fetch(`https://127.0.0.1:${server.port}${path}`, { dispatcher: agent })
      assert.equal(await response.text(), 'ok')
      assert.equal((await requested).url, path)
    }
    assert.deepEqual([server.recording.connections, server.recording.handshakes, server.recording.requests], [1, 1, 2])
    assert.match(server.recording.text, /^GET \/one HTTP\/1\.1\r\n[\s\S]*GET \/two/)
    assert.equal(server.recording.bytes, server.recording.text.length)
    server.recording.clear()
    assert.deepEqual([server.recording.bytes, server.recording.requests], [0, 0])
  })

  it('answers HTTP/2 and HTTP/1.1 on one port', async (t) => {
    const server = await startTlsServer(chain, { http2: true })
    t.after(() => server.close())
    const session = connectHttp2(`https://127.0.0.1:${server.port}`, { ca: root.certificate })
    const stream = session.request({ ':path': '/two' })
    const [headers] = await once(stream, 'response')
    assert.equal(headers[':status'], 200)
    stream.resume()
    await once(stream, 'end')
    assert.ok(server.recording.bytes > 24, 'the preface and a frame')
    const answerOne = await get(server.port, { path: '/one' })
    assert.equal(answerOne, '200 ok')
    assert.deepEqual(
      server.recording.received.map((one) => [one.httpVersion, one.url, one.connection]),
      [
        ['2.0', '/two', 1],
        ['1.1', '/one', 2],
      ],
    )
    session.destroy()
    await server.whenConnectionsClosed()
    const seen = server.recording.bytes
    server.recording.clear()
    assert.ok(seen > 0 && server.recording.bytes === 0)
  })

  it('has seen no application byte after a handshake alone, and sees bytes that are no HTTP', async (t) => {
    const server = await startTlsServer(chain)
    t.after(() => server.close())
    const handshaken = server.whenHandshaken()
    const silent = await secureSocket(server.port)
    assert.deepEqual(await handshaken, { servername: 'kit.test', resumed: false, alpn: undefined })
    silent.destroy()
    await server.whenConnectionsClosed()
    assert.deepEqual([server.recording.handshakes, server.recording.bytes], [1, 0])

    const garbled = await secureSocket(server.port)
    garbled.end('\x01\x02\x03')
    garbled.resume()
    await server.whenConnectionsClosed()
    assert.equal(server.recording.text, '\x01\x02\x03')
  })

  it('follows the respond option: status, headers, hang, destroy', async (t) => {
    const plain = await startPlainServer()
    t.after(() => plain.close())
    const server = await startTlsServer(chain, {
      respond: ({ url }) => {
        if (url === '/hang') return 'hang'
        return url === '/destroy' ? 'destroy' : { status: 302, headers: { location: `${plain.url}/landed` } }
      },
    })
    t.after(() => server.close())
    const agent = new Agent({ connect: { ca: root.certificate } })
    t.after(() => agent.destroy())
    const response = await fetch(`https://127.0.0.1:${server.port}/`, { dispatcher: agent })
    assert.deepEqual([response.status, plain.recording.received[0]?.url], [200, '/landed'])
    await assert.rejects(get(server.port, { path: '/destroy' }), { code: 'ECONNRESET' })
    const requested = server.whenRequested()
    const hanging = get(server.port, { path: '/hang' })
    assert.equal((await requested).url, '/hang')
    server.destroyConnections('reset')
    await assert.rejects(hanging, { code: 'ECONNRESET' })
    assert.equal(server.recording.requests, 3)
  })

  it('has seen no byte of HTTP/2 after a handshake alone, and destroys connections there too', async (t) => {
    const server = await startTlsServer(chain, { http2: true, respond: () => 'destroy' })
    t.after(() => server.close())
    const handshaken = server.whenHandshaken()
    const silent = await secureSocket(server.port, { ALPNProtocols: ['h2'] })
    assert.equal((await handshaken).alpn, 'h2')
    silent.destroy()
    await server.whenConnectionsClosed()
    assert.equal(server.recording.bytes, 0)

    const session = connectHttp2(`https://127.0.0.1:${server.port}`, { ca: root.certificate })
    const gone = once(session, 'close')
    session.request({ ':path': '/' }).on('error', () => {})
    await gone
    assert.equal(server.recording.requests, 1)
  })

  it('holds a handshake back until the test lets it go', async (t) => {
    const gate = Promise.withResolvers<void>()
    const server = await startTlsServer(chain, { delayHandshake: () => gate.promise })
    t.after(() => server.close())
    const connected = server.whenConnected()
    const socket = secureSocket(server.port)
    await connected
    assert.deepEqual([server.connectionsOpen(), server.recording.handshakes], [1, 0])
    gate.resolve()
    ;(await socket).destroy()
    await server.whenConnectionsClosed()
    assert.equal(server.connectionsOpen(), 0)
  })

  it('presents another chain to new handshakes, and one of its own to a named one', async (t) => {
    const server = await startTlsServer(chain)
    t.after(() => server.close())
    const other = await leafOf(issuing, ['kit.test'])
    const named = await leafOf(issuing, ['named.test'])
    server.present(presented(other, issuing))
    server.presentFor('named.test', presented(named, issuing))
    assert.deepEqual(await leafSeen(server, {}), other.der)
    assert.deepEqual(await leafSeen(server, { servername: 'named.test' }), named.der)
    assert.deepEqual(server.recording.servernames, ['kit.test', 'named.test'])
  })

  it('asks for a client certificate when told to', async (t) => {
    const server = await startTlsServer(chain, { requestCert: true })
    t.after(() => server.close())
    assert.equal(await get(server.port, { key: leaf.privateKey, cert: leaf.certificate }), '200 ok')
  })
})

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  it(`resumes ${version} sessions again and again, across another chain, until the ticket keys change`, async (t) => {
    const server = await startTlsServer(chain, { versions: version })
    t.after(() => server.close())
    const first = await visit(server.port)
    const second = await visit(server.port, first.session)
    const third = await visit(server.port, second.session)
    server.present(presented(await leafOf(issuing, ['kit.test']), issuing))
    const fourth = await visit(server.port, third.session)
    server.ticketKeysRenew()
    const fifth = await visit(server.port, fourth.session)
    assert.deepEqual(
      [first, second, third, fourth, fifth].map(({ reused }) => reused),
      [false, true, true, true, false],
    )
    assert.equal(first.version, version)
    assert.deepEqual([server.recording.handshakes, server.recording.resumed], [5, 3])
  })
}

function get(port: number, options: ConnectionOptions & { path?: string }): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: '127.0.0.1', port, ca: root.certificate, agent: false, ...options },
      (incoming) => {
        let body = ''
        incoming.on('data', (chunk) => (body += chunk))
        incoming.on('end', () => resolve(`${incoming.statusCode} ${body}`))
      },
    )
    outgoing.on('error', reject)
    outgoing.end()
  })
}

async function secureSocket(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, ca: root.certificate, servername: 'kit.test', ...options })
  await once(socket, 'secureConnect')
  return socket
}

async function leafSeen(server: TlsServer, options: ConnectionOptions): Promise<Buffer | undefined> {
  const handshaken = server.whenHandshaken()
  const socket = await secureSocket(server.port, options)
  await handshaken // A TLS 1.3 client is done before the server is: leaving at once would not count as a handshake.
  const seen = socket.getPeerCertificate().raw
  socket.destroy()
  return seen
}

/** Connects, gets one answer (TLS 1.3 tickets come with it), and takes the last session seen. */
async function visit(port: number, session?: Buffer) {
  const socket = connect({
    host: '127.0.0.1',
    port,
    ca: root.certificate,
    servername: 'kit.test',
    ...(session ? { session } : {}),
  })
  let latest: Buffer | undefined
  socket.on('session', (next: Buffer) => {
    latest = next
  })
  await once(socket, 'secureConnect')
  const reused = socket.isSessionReused()
  const version = socket.getProtocol()
  socket.end('GET / HTTP/1.1\r\nHost: kit.test\r\nConnection: close\r\n\r\n')
  socket.resume()
  await once(socket, 'close')
  return { session: latest ?? session, reused, version }
}
