/**
 * Row 26, `pinnedAgent`: whatever a caller adds to a request that would, without the guard, choose whom to trust, which
 * name to check, which session to resume or which socket to use. Each is tried on what it would let in, and each must
 * leave a good call good.
 *
 *     https.get(url, { agent: pinnedAgent, ca, servername, checkServerIdentity, session, … })
 *                                          └─ none of them loosens the check, or the call fails
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest, type RequestOptions } from 'node:https'
import { connect as connectTcp, type Socket } from 'node:net'
import { describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type ConnectionOptions, connect, createSecureContext } from 'node:tls'
import { leafOf, presented } from '../support/authority.ts'
import { startTlsServer, type TlsServer } from '../support/tls-server.ts'
import { attacker, HOST, partner } from './cast.ts'
import { assertRefused, type Guarded, watchedGuard } from './surfaces.ts'

type OwnOptions = RequestOptions & Omit<ConnectionOptions, 'socket'> & PoolOptions & { readonly socket?: Socket }

/** Of an agent, really; agentkeepalive's among them. */
interface PoolOptions {
  readonly keepAlive?: boolean
  readonly maxSockets?: number
  readonly maxCachedSessions?: number
  readonly freeSocketTimeout?: number
  readonly socketActiveTTL?: number
}

const OTHER = 'other.partner.test'

const { root, issuing, leaf } = await partner()
const foe = await attacker()
/** The pinned key in the wrong hands: an issuer that is not trusted, and a name that is not the host's. */
const untrusted = await leafOf(foe.issuing, [HOST], { keys: leaf })
const misnamed = await leafOf(issuing, [OTHER], { keys: leaf })
const unpinned = await leafOf(issuing, [HOST])

const policy = { [HOST]: [leaf.pin, leaf.pin] }
const trusting = { ca: [root.certificate, foe.root.certificate] }

const SERVERS = [
  { what: 'a key that is not pinned', chain: presented(unpinned, issuing), code: 'ERR_PIN_MISMATCH' },
  {
    what: 'an issuer that only the caller trusts',
    chain: presented(untrusted, foe.issuing),
    code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  },
  { what: 'another name', chain: presented(misnamed, issuing), code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
] as const

/** What a caller may bring along; some need the server that is called. */
const OWN_OPTIONS: Readonly<Record<string, OwnOptions | ((server: TlsServer) => Promise<OwnOptions>)>> = {
  ca: trusting,
  'checkServerIdentity that accepts': { checkServerIdentity: () => undefined },
  'servername of another host': { servername: OTHER },
  'servername, empty': { servername: '' },
  'headers.host of another host': { headers: { host: OTHER } },
  secureContext: { secureContext: createSecureContext(trusting) },
  'a session of somebody else': async (server) => ({ session: await foreignSession(server) }),
  'rejectUnauthorized: false': { rejectUnauthorized: false },
  'requestOCSP, sigalgs, ciphers': { requestOCSP: true, ciphers: 'ALL:@SECLEVEL=0', sigalgs: 'ecdsa_secp256r1_sha256' },
  'a pre-shared key': { pskCallback: () => null, ciphers: 'PSK:ALL:@SECLEVEL=0' },
  'a TLS socket that is already connected': async (server) => ({ socket: await foreignSocket(server) }),
  'a TCP socket that is already connected': async (server) => ({ socket: connectTcp(server.port, '127.0.0.1') }),
  createConnection: { createConnection: (options: object) => connect({ ...options, rejectUnauthorized: false }) },
  'ALPNProtocols, secureProtocol': { ALPNProtocols: ['h2'], secureProtocol: 'TLS_method' },
  'minVersion, maxVersion': { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' },
  'a client certificate': { key: foe.leaf.privateKey, cert: foe.leaf.certificate },
  'a client certificate and ca': { key: foe.leaf.privateKey, cert: foe.leaf.certificate, ...trusting },
  'pool options of agentkeepalive': {
    keepAlive: false,
    maxSockets: 1,
    freeSocketTimeout: 4_000,
    socketActiveTTL: 60_000,
    maxCachedSessions: 100,
  },
}

for (const [title, own] of Object.entries(OWN_OPTIONS)) {
  describe(`a request with ${title}`, () => {
    for (const { what, chain, code } of SERVERS) {
      it(`is refused by ${what}`, async (t) => {
        const server = await startTlsServer(chain)
        t.after(() => server.close())
        const { guard, events } = watchedGuard({ policy, ca: root.certificate })
        t.after(() => guard.close())
        const options = typeof own === 'function' ? await own(server) : own
        const call = () => get(guard, server, options).finally(() => options.socket?.destroy())
        await assertRefused(call, { code, server, events })
      })
    }

    it('is answered by the pinned host, under its own name', async (t) => {
      const server = await startTlsServer(presented(leaf, issuing))
      t.after(() => server.close())
      const { guard } = watchedGuard({ policy, ca: root.certificate })
      t.after(() => guard.close())
      const options = typeof own === 'function' ? await own(server) : own
      const { handshakes, resumed } = server.recording
      assert.equal(await get(guard, server, options), 200)
      assert.equal(await get(guard, server, options), 200)
      assert.equal(server.recording.received.at(-1)?.servername, HOST)
      assert.equal(server.recording.servernames[handshakes], HOST)
      assert.equal(server.recording.resumed, resumed, 'a session was resumed that the guard did not offer')
      options.socket?.destroy()
    })
  })
}

// Since CVE-2026-58040 `https.request` sees to it that such requests share nothing; `http.request` does not.
for (const [module, request] of [
  ['node:https', httpsRequest],
  ['node:http', httpRequest],
] as const) {
  it(`a caller's own checkServerIdentity may refuse what the policy accepts (${module})`, async (t) => {
    const server = await startTlsServer(presented(leaf, issuing))
    t.after(() => server.close())
    const { guard, events } = watchedGuard({ policy, ca: root.certificate })
    t.after(() => guard.close())
    const asked: string[] = []
    const checkServerIdentity = (name: string) => {
      asked.push(name)
      return Object.assign(new Error('not to my liking'), { code: 'ERR_MINE' })
    }
    const own = { protocol: 'https:', checkServerIdentity }
    await assertRefused(() => get(guard, server, own, request), { code: 'ERR_MINE', server, events })
    assert.deepEqual(asked, [HOST])
    assert.equal(await get(guard, server, {}), 200)
    await nextTurn()
    // Nor does it get the connection, or the session, of a request without it.
    await assert.rejects(get(guard, server, own, request), { code: 'ERR_MINE' })
    assert.deepEqual([asked.length, server.recording.requests], [2, 1])
  })
}

it('a socketPath is refused with the reason: it proves no host name', async (t) => {
  const server = await startTlsServer(presented(leaf, issuing))
  t.after(() => server.close())
  const { guard } = watchedGuard({ policy, ca: root.certificate })
  t.after(() => guard.close())
  await assert.rejects(get(guard, server, { socketPath: '/tmp/there.sock' }), { code: 'ERR_CONFIGURATION' })
  assert.equal(server.recording.connections, 0)
})

function get(
  guard: Guarded,
  { port }: TlsServer,
  options: OwnOptions,
  request = httpsRequest,
): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const place = { host: HOST, port, path: '/' }
    const outgoing = request({ ...place, ...options, agent: guard.agent }, (incoming) => {
      incoming.resume().on('end', () => resolve(incoming.statusCode))
    })
    outgoing.on('error', reject).end()
  })
}

/** A session that anybody can have: of a connection that was never judged. */
async function foreignSession({ port }: TlsServer): Promise<Buffer> {
  const socket = connect({ port, host: '127.0.0.1', servername: HOST, rejectUnauthorized: false })
  const [session] = await once(socket, 'session')
  socket.destroy()
  return session
}

async function foreignSocket({ port }: TlsServer): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', servername: HOST, rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  return socket
}
