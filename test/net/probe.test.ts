import assert from 'node:assert/strict'
import { createServer as createTcpServer, type Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import { callTo } from '../../lib/net/call.ts'
import { type ProbeOptions, probe } from '../../lib/net/probe.ts'
import { parseProxyAddress } from '../../lib/net/proxy/address.ts'
import { TrustStore } from '../../lib/net/trust.ts'
import { type Held, intermediateOf, leafOf, presented, rootAuthority } from '../support/authority.ts'
import { startConnectProxy } from '../support/connect-proxy.ts'
import { listen } from '../support/listen.ts'
import { startSocksProxy } from '../support/socks-proxy.ts'
import { startTlsServer, type TlsServerOptions } from '../support/tls-server.ts'

const HOST = 'api.partner.test'
const LOOPBACK = '127.0.0.1'
const DAY_MS = 86_400_000

const root = await rootAuthority('Probed Root')
const issuing = await intermediateOf(root, 'Probed CA')
const leaf = await leafOf(issuing, [HOST, LOOPBACK])
const proxyRoot = await rootAuthority('Proxy Root')

const trustIn = (...roots: readonly Held[]) =>
  new TrustStore(roots.map(({ certificate }) => certificate)).for(undefined)

async function serve(t: TestContext, chain: readonly [Held, ...Held[]], options: TlsServerOptions = {}) {
  const [first, ...others] = chain
  const server = await startTlsServer(presented(first, ...others), options)
  t.after(() => server.close())
  return server
}

function ask(port: number, options: Partial<ProbeOptions> = {}, host = HOST) {
  return probe(callTo('https:', host, port), {
    trust: trustIn(root),
    now: Date.now(),
    address: { host: LOOPBACK },
    ...options,
  })
}

describe('a probe', () => {
  for (const versions of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`tells what a host shows and what comes of it, sends nothing, and hangs up (${versions})`, async (t) => {
      const server = await serve(t, [leaf, issuing], { versions, http2: true })
      const probed = await ask(server.port)
      assert.deepEqual(
        probed.presented.map(({ raw }) => raw),
        [leaf.der, issuing.der],
      )
      assert.deepEqual(
        probed.path.verified?.paths.map(({ certificates }) => certificates.map(({ keyHash }) => `sha256/${keyHash}`)),
        [[leaf.pin, issuing.pin, root.pin]],
      )
      assert.deepEqual(
        [probed.host, probed.port, probed.servername, probed.address, probed.problem, probed.protocol, probed.ocsp],
        [HOST, server.port, HOST, LOOPBACK, undefined, versions, undefined],
      )
      await server.whenConnectionsClosed()
      assert.deepEqual([server.recording.bytes, server.recording.connections], [0, 1])
    })
  }

  it('asks for another name when it is told to, and verifies that one', async (t) => {
    const server = await serve(t, [leaf, issuing])
    const probed = await ask(server.port, { servername: HOST, address: undefined }, LOOPBACK)
    assert.deepEqual([probed.host, probed.servername, probed.problem], [LOOPBACK, HOST, undefined])
    assert.ok(probed.path.verified)
    await server.whenConnectionsClosed()
    assert.deepEqual(server.recording.servernames, [HOST])
  })

  it('sends no address as a name, and verifies it', async (t) => {
    const server = await serve(t, [leaf, issuing])
    const probed = await ask(server.port, { address: undefined }, LOOPBACK)
    assert.equal(probed.problem, undefined)
    assert.ok(probed.path.verified)
    await server.whenConnectionsClosed()
    assert.deepEqual(server.recording.servernames, [undefined])
  })

  it('connects to another port when it is told to', async (t) => {
    const server = await serve(t, [leaf, issuing])
    const probed = await ask(443, { address: { host: LOOPBACK, port: server.port } })
    assert.deepEqual([probed.port, probed.problem], [443, undefined])
  })

  it('tells the stapled OCSP response as it is', async (t) => {
    const staple = Buffer.from('30030a0106', 'hex')
    const server = createTlsServer({ key: leaf.privateKey, cert: leaf.certificate + issuing.certificate })
    server.on('OCSPRequest', (_certificate: Buffer, _issuer: Buffer, answer: (e: null, response: Buffer) => void) =>
      answer(null, staple),
    )
    server.on('tlsClientError', () => {}).on('secureConnection', (socket) => socket.on('error', () => {}))
    const port = await listen(server)
    t.after(() => server.close())
    assert.deepEqual((await ask(port)).ocsp, staple)
  })
})

describe('a chain that does not verify is the answer of a probe, in two opinions', () => {
  const past = { notBefore: new Date(Date.now() - 30 * DAY_MS), notAfter: new Date(Date.now() - DAY_MS) }

  for (const { title, chain, problem, reason } of [
    {
      title: 'another name',
      chain: async () => [await leafOf(issuing, ['other.test']), issuing] as const,
      problem: 'ERR_TLS_CERT_ALTNAME_INVALID',
      reason: /does not name "api\.partner\.test"/,
    },
    {
      title: 'expired',
      chain: async () => [await leafOf(issuing, [HOST], past), issuing] as const,
      problem: 'CERT_HAS_EXPIRED',
      reason: /is expired since/,
    },
    {
      title: 'a missing intermediate',
      chain: async () => [leaf] as const,
      problem: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      reason: /no issuer of "CN=api\.partner\.test" was sent or is trusted/,
    },
    {
      title: 'a root nobody trusts',
      chain: async () => [await leafOf(proxyRoot, [HOST]), proxyRoot] as const,
      problem: 'SELF_SIGNED_CERT_IN_CHAIN',
      reason: /its root "CN=Proxy Root" is not trusted/,
    },
  ]) {
    it(title, async (t) => {
      const server = await serve(t, [...(await chain())])
      const probed = await ask(server.port)
      assert.equal(probed.problem, problem)
      assert.equal(probed.path.verified, undefined)
      assert.match(probed.path.reason, reason)
      assert.ok(probed.presented.length > 0)
      assert.equal(server.recording.bytes, 0)
    })
  }

  it('the time is the one it is given', async (t) => {
    const server = await serve(t, [leaf, issuing])
    const { problem, path } = await ask(server.port, { now: Date.now() + 400 * DAY_MS })
    assert.equal(problem, undefined)
    assert.match(path.verified === undefined ? path.reason : '', /is expired since/)
  })
})

describe('a probe through a proxy', () => {
  it('asks an HTTP proxy for the host, with its credentials, and leaves nothing open', async (t) => {
    const server = await serve(t, [leaf, issuing])
    const proxy = await startConnectProxy({ credentials: 'me:secret' })
    t.after(() => proxy.close())
    const probed = await ask(server.port, {
      address: undefined,
      proxy: proxyAt(`http://me:secret@127.0.0.1:${proxy.port}`),
    })
    assert.ok(probed.path.verified)
    assert.equal(proxy.recording.tunnels[0]?.target, `${HOST}:${server.port}`)
    await Promise.all([proxy.whenConnectionsClosed(), server.whenConnectionsClosed()])
    assert.equal(server.recording.bytes, 0)
  })

  it('asks a SOCKS5 proxy for the address it is told, and for the host’s name in TLS', async (t) => {
    const server = await serve(t, [leaf, issuing])
    const proxy = await startSocksProxy()
    t.after(() => proxy.close())
    const address = { host: LOOPBACK, port: server.port }
    const probed = await ask(443, { address, proxy: proxyAt(`socks5://127.0.0.1:${proxy.port}`) })
    assert.ok(probed.path.verified)
    assert.deepEqual(
      proxy.recording.tunnels.map(({ host, port, addressType }) => [host, port, addressType]),
      [[LOOPBACK, server.port, 'IPv4']],
    )
    await proxy.whenConnectionsClosed()
  })

  it('verifies TLS to the proxy, by its own anchors', async (t) => {
    const server = await serve(t, [leaf, issuing])
    const proxy = await startConnectProxy({ identity: presented(await leafOf(proxyRoot, [LOOPBACK])) })
    t.after(() => proxy.close())
    const options = { address: undefined, proxy: proxyAt(`https://127.0.0.1:${proxy.port}`) }
    const probed = await ask(server.port, { ...options, proxyTrust: trustIn(proxyRoot) })
    assert.ok(probed.path.verified)
    assert.equal(proxy.recording.tunnels.length, 1)
    await assert.rejects(ask(server.port, options), { code: 'ERR_PROXY_FAILED' })
    await assert.rejects(ask(server.port, { ...options, proxyTrust: trustIn(root) }), { code: 'ERR_PROXY_FAILED' })
    assert.equal(proxy.recording.tunnels.length, 1)
    await proxy.whenConnectionsClosed()
  })
})

describe('where no handshake ends, a probe fails and leaves nothing open', () => {
  it('nobody listens', async () => {
    const server = createTcpServer()
    const port = await listen(server)
    await new Promise((resolve) => server.close(resolve))
    await assert.rejects(ask(port), { code: 'ECONNREFUSED' })
  })

  it('no TLS is spoken', async (t) => {
    const port = await tcp(t, (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    await assert.rejects(ask(port), { code: 'ERR_SSL_WRONG_VERSION_NUMBER' })
  })

  it('the host hangs up', async (t) => {
    const port = await tcp(t, (socket) => socket.once('data', () => socket.destroy()))
    await assert.rejects(ask(port), { code: 'ECONNRESET' })
  })

  it('the caller gives up, before or during the handshake', async (t) => {
    const controller = new AbortController()
    const closed = Promise.withResolvers<void>()
    const port = await tcp(t, (socket) => {
      socket.once('data', () => controller.abort(new Error('given up'))).once('close', () => closed.resolve())
    })
    await assert.rejects(ask(port, { signal: controller.signal }), /given up/)
    await closed.promise
    await assert.rejects(ask(port, { signal: controller.signal }), /given up/)
  })
})

function proxyAt(url: string) {
  const proxy = parseProxyAddress(url)
  assert.ok(proxy)
  return proxy
}

async function tcp(t: TestContext, onConnection: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    onConnection(socket)
  })
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return await listen(server)
}
