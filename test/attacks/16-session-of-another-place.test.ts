/**
 * Row 16: a TLS session resumes wherever its ticket is taken, and Node then reports `authorized` without a certificate:
 * a session from one set of trust anchors counts under another, one from host A counts for host B. So a session, and
 * with it what it proved, belongs to exactly one host, port, trust set and guard; one that a client certificate opened
 * belongs to nobody.
 *
 *     host A, port, anchors, guard   ── full handshake ─→  session, proof
 *     any of them another            ── full handshake ─→  never that session
 *     all the same again             ── resumed ────────→  (so there was something to offer)
 *
 * One server answers in all places with one certificate and one ticket key: it would resume anything.
 */

import assert from 'node:assert/strict'
import { connect, createServer } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { intermediateOf, leafOf, presented, rootAuthority } from '../support/authority.ts'
import { listen } from '../support/listen.ts'
import { startTlsServer, type TlsServer } from '../support/tls-server.ts'
import { HOST } from './cast.ts'
import { changingGuard, pinning } from './changing-policy.ts'
import { assertAccepted, assertRefused, SURFACES, watchedGuard } from './surfaces.ts'

const OTHER_HOST = 'other.partner.test'

const root = await rootAuthority('Partner Root')
const otherRoot = await rootAuthority('Other Root')
const issuing = await intermediateOf(root, 'Partner CA')
const leaf = await leafOf(issuing, [HOST, OTHER_HOST])
const pins = [leaf.pin, issuing.pin]
const policy = { [HOST]: pins, [OTHER_HOST]: pins }

for (const versions of ['TLSv1.2', 'TLSv1.3'] as const) {
  for (const surface of SURFACES) {
    describe(`over ${versions}, by ${surface.name}`, () => {
      it('a session never crosses to another host', async (t) => {
        const server = await startServer(t, versions)
        const { guard } = watchedGuard({ policy, ca: root.certificate })
        t.after(() => guard.close())
        const resumed: number[] = []
        for (const host of [HOST, OTHER_HOST, HOST, OTHER_HOST]) {
          await assertAccepted(() => surface.call(guard, `https://${host}:${server.port}/`), server)
          resumed.push(server.recording.resumed)
        }
        assert.deepEqual(resumed, [0, 0, 1, 2])
        assert.deepEqual(server.recording.servernames.slice(0, 2), [HOST, OTHER_HOST])
      })

      it('a session never crosses to another port', async (t) => {
        const server = await startServer(t, versions)
        const otherPort = await secondPort(t, server)
        const { guard } = watchedGuard({ policy, ca: root.certificate })
        t.after(() => guard.close())
        const resumed: number[] = []
        for (const port of [server.port, otherPort, server.port, otherPort]) {
          await assertAccepted(() => surface.call(guard, `https://${HOST}:${port}/`), server)
          resumed.push(server.recording.resumed)
        }
        assert.deepEqual(resumed, [0, 0, 1, 2])
      })

      it('a session never crosses to another guard', async (t) => {
        const server = await startServer(t, versions)
        const { guard: first } = watchedGuard({ policy, ca: root.certificate })
        const { guard: second } = watchedGuard({ policy, ca: root.certificate })
        t.after(() => Promise.all([first.close(), second.close()]))
        const resumed: number[] = []
        for (const guard of [first, second, first, second]) {
          await assertAccepted(() => surface.call(guard, `https://${HOST}:${server.port}/`), server)
          resumed.push(server.recording.resumed)
        }
        assert.deepEqual(resumed, [0, 0, 1, 2])
      })

      it('a session never crosses to other default trust anchors', async (t) => {
        const server = await startServer(t, versions)
        const before = getCACertificates('default')
        t.after(() => setDefaultCACertificates(before))
        setDefaultCACertificates([root.certificate])
        const { guard, events } = watchedGuard({ policy })
        t.after(() => guard.close())
        const call = () => surface.call(guard, `https://${HOST}:${server.port}/`)
        await assertAccepted(call, server)
        await assertAccepted(call, server)
        assert.equal(server.recording.resumed, 1)
        setDefaultCACertificates([otherRoot.certificate])
        await assertRefused(call, { code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', server, events })
        assert.equal(server.recording.resumed, 1)
      })

      it("a session never crosses to a host's own anchors, nor back", async (t) => {
        const server = await startServer(t, versions)
        const common = pinning(pins)
        const own = { version: 1, hosts: { [HOST]: { pins, anchors: [root.certificate] } } }
        const foreign = { version: 1, hosts: { [HOST]: { pins, anchors: [otherRoot.certificate] } } }
        const { guard, events, publish } = await changingGuard(t, common, {
          ca: [root.certificate, otherRoot.certificate],
        })
        const call = () => surface.call(guard, `https://${HOST}:${server.port}/`)
        const resumed: number[] = []
        for (const document of [common, own, common, own]) {
          await publish(document)
          await assertAccepted(call, server)
          resumed.push(server.recording.resumed)
        }
        assert.deepEqual(resumed, [0, 0, 1, 2])
        await publish(foreign)
        await assertRefused(call, { code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', server, events })
        assert.equal(server.recording.resumed, 2)
      })
    })
  }
}

for (const surface of SURFACES) {
  describe(`anchors that a new policy brings during a handshake, by ${surface.name}`, () => {
    for (const { title, anchors, code } of [
      { title: 'that the chain leads to', anchors: [root.certificate], code: undefined },
      {
        title: 'that it does not lead to',
        anchors: [otherRoot.certificate],
        code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      },
    ]) {
      it(`hold for that connection: anchors ${title}`, async (t) => {
        const handshake = Promise.withResolvers<void>()
        const delayHandshake = () => handshake.promise
        const server = await startTlsServer(presented(leaf, issuing), { delayHandshake })
        t.after(() => server.close())
        const { guard, events, publish } = await changingGuard(t, pinning(pins), { ca: root.certificate })
        const call = () => surface.call(guard, `https://${HOST}:${server.port}/`)
        const connected = server.whenConnected()
        const ended = code === undefined ? assertAccepted(call, server) : assertRefused(call, { code, server, events })
        await connected
        await publish({ version: 1, hosts: { [HOST]: { pins, anchors } } })
        handshake.resolve()
        await ended
      })
    }
  })
}

async function startServer(t: TestContext, versions: 'TLSv1.2' | 'TLSv1.3'): Promise<TlsServer> {
  const respond = () => ({ headers: { connection: 'close' } })
  const server = await startTlsServer(presented(leaf, issuing), { versions, respond })
  t.after(() => server.close())
  return server
}

/** Another way to the same server, as a load balancer gives it. */
async function secondPort(t: TestContext, { port }: TlsServer): Promise<number> {
  const forwarder = createServer((client) => {
    const onward = connect(port, '127.0.0.1')
    client.on('error', () => onward.destroy()).pipe(onward)
    onward.on('error', () => client.destroy()).pipe(client)
  })
  t.after(() => forwarder.close())
  return await listen(forwarder)
}
