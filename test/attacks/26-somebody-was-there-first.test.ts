/**
 * Row 26, code that is in the process before us: a monitoring agent that patches `node:tls`, an event handler that looks
 * at every certificate. On Node <= 24 `getPeerX509Certificate()` empties the socket's list, so whoever comes second would
 * see no chain at all. The guard's sockets answer from what the guard has read; where somebody has got round that, or a
 * patched `tls.connect` has brought a session, there is no certificate. Where nothing is shown nothing is proved.
 *
 *     somebody     socket.getPeerX509Certificate()   →  the chain, as the guard read it
 *     somebody     the method of TLSSocket itself    →  the chain
 *     the guard    the same, after that              →  nothing: refused
 */

import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { get as httpsGet } from 'node:https'
import { describe, it, type TestContext } from 'node:test'
import { connect, TLSSocket } from 'node:tls'
import { request } from 'undici'
import { findPinnedFetchError } from '../../lib/index.ts'
import { leafOf, presented } from '../support/authority.ts'
import { startTlsServer, type TlsServer } from '../support/tls-server.ts'
import { HOST, partner } from './cast.ts'
import { NOBODYS_PINS } from './changing-policy.ts'
import { acceptEveryName, beforeListeners, changeConnectOptions } from './patches.ts'
import { assertAccepted, assertRefused, SURFACES, watchedGuard } from './surfaces.ts'

const { root, issuing, leaf } = await partner()
const MISPINNED = 'mispinned.partner.test'

const policy = { [HOST]: [issuing.pin, leaf.pin], [MISPINNED]: [...NOBODYS_PINS] }
const isTakenByReading = await readingEmptiesTheList()

for (const surface of SURFACES) {
  describe(`by ${surface.name}`, () => {
    for (const event of ['secure', 'secureConnect']) {
      it(`certificates that somebody looks at first are shown to him and to the guard (at "${event}")`, async (t) => {
        const { server, guard } = await scene(t)
        const seen: unknown[] = []
        beforeListeners(t, event, (socket) => {
          seen.push(socket.getPeerX509Certificate()?.subject, socket.getPeerCertificate(true).subject.CN)
        })
        await assertAccepted(() => surface.call(guard, `https://${HOST}:${server.port}/`), server)
        assert.deepEqual(seen, [leaf.subject, HOST])
      })
    }

    it('certificates that somebody took before the guard was asked are missed, and that is a refusal', async (t) => {
      const { server, guard, events } = await scene(t)
      const taken: unknown[] = []
      beforeListeners(t, 'secure', (socket) => {
        taken.push(TLSSocket.prototype.getPeerX509Certificate.call(socket)?.subject)
      })
      const call = () => surface.call(guard, `https://${HOST}:${server.port}/`)
      if (isTakenByReading) {
        const error = await assertRefused(call, { code: 'ERR_TLS_CERT_ALTNAME_INVALID', server, events })
        assert.equal(findPinnedFetchError(error), undefined, "Node's own: the certificate is empty")
      } else {
        t.diagnostic('this Node leaves the list as it is (nodejs/node#65579): whoever reads second sees it too')
        await assertAccepted(call, server)
      }
      assert.deepEqual(taken, [leaf.subject])
    })

    for (const versions of ['TLSv1.2', 'TLSv1.3'] as const) {
      it(`a session that somebody else put in proves nothing (${versions})`, async (t) => {
        const { server, guard, events } = await scene(t, versions)
        const session = await foreignSession(server)
        const { bytes } = server.recording
        changeConnectOptions(t, (options) => ({ ...options, session }))
        const call = () => surface.call(guard, `https://${HOST}:${server.port}/`)
        const error = await assertRefused(call, { code: 'ERR_PATH_NOT_VERIFIED', server, events })
        assert.match(String(findPinnedFetchError(error)?.message), /a session was resumed that was not offered/)
        assert.equal(server.recording.bytes, bytes)
      })
    }

    it('a server name that somebody else put in is not the name that is judged', async (t) => {
      const { server, guard, events } = await scene(t)
      const another = await leafOf(issuing, ['another.name.test'], { keys: leaf })
      server.presentFor('another.name.test', presented(another, issuing))
      changeConnectOptions(t, (options) => ({ ...options, servername: 'another.name.test' }))
      const call = () => surface.call(guard, `https://${HOST}:${server.port}/`)
      await assertRefused(call, { code: 'ERR_TLS_CERT_ALTNAME_INVALID', server, events })
    })

    it("a replaced tls.checkServerIdentity does not loosen the guard's check of the name", async (t) => {
      const { server, guard, events } = await scene(t)
      server.present(presented(await leafOf(issuing, ['another.name.test'], { keys: leaf }), issuing))
      acceptEveryName(t)
      const call = () => surface.call(guard, `https://${HOST}:${server.port}/`)
      await assertRefused(call, { code: 'ERR_TLS_CERT_ALTNAME_INVALID', server, events })
    })
  })
}

it('who looks after the guard still sees the certificates', async (t) => {
  const { server, guard } = await scene(t)
  const seen: unknown[] = []
  const look = (socket: TLSSocket) => {
    const first = socket.getPeerX509Certificate()
    seen.push(first?.subject, first?.issuerCertificate?.subject)
  }
  await new Promise<void>((resolve, reject) => {
    httpsGet(`https://${HOST}:${server.port}/`, { agent: guard.agent }, (incoming) => {
      look(incoming.socket as TLSSocket)
      incoming.resume().on('end', resolve)
    }).on('error', reject)
  })
  assert.deepEqual(seen, [leaf.subject, issuing.subject])
})

it('a listener on the diagnostics channels of undici is told of connections that are judged, and of no other', async (t) => {
  const told: TLSSocket[] = []
  const listener = (message: unknown) => {
    const { socket } = message as { readonly socket: TLSSocket }
    socket.getPeerX509Certificate()
    told.push(socket)
  }
  subscribe('undici:client:connected', listener)
  t.after(() => unsubscribe('undici:client:connected', listener))
  const { server, guard, events } = await scene(t)
  const call = (host: string) => request(`https://${host}:${server.port}/`, { dispatcher: guard.dispatcher })
  const { body } = await call(HOST)
  await body.dump()
  assert.equal(told.length, 1)
  server.presentFor(MISPINNED, presented(await leafOf(issuing, [MISPINNED]), issuing))
  await assert.rejects(call(MISPINNED), { code: 'ERR_PIN_MISMATCH' })
  assert.equal(told.length, 1)
  assert.equal(events.filter(({ type }) => type === 'connection-accepted').length, 1)
})

async function scene(t: TestContext, versions?: 'TLSv1.2' | 'TLSv1.3') {
  const server = await startTlsServer(presented(leaf, issuing), versions === undefined ? {} : { versions })
  const watched = watchedGuard({ policy, ca: root.certificate })
  t.after(() => Promise.all([watched.guard.close(), server.close()]))
  return { server, ...watched }
}

async function readingEmptiesTheList(): Promise<boolean> {
  const server = await startTlsServer(presented(leaf, issuing))
  const socket = connect({ port: server.port, host: '127.0.0.1', servername: HOST, ca: root.certificate })
  await once(socket, 'secureConnect')
  socket.getPeerX509Certificate()
  const second = socket.getPeerX509Certificate()
  socket.destroy()
  await server.close()
  return second?.issuerCertificate === undefined
}

/** A session of a connection that nobody judged. */
async function foreignSession({ port }: TlsServer): Promise<Buffer> {
  const socket = connect({ port, host: '127.0.0.1', servername: HOST, ca: root.certificate })
  const [session] = await once(socket, 'session')
  socket.destroy()
  return session
}
