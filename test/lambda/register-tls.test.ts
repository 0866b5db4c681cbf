/**
 * TLS that is opened past the guard's surfaces, and a policy that changes meanwhile. In this process, whose `tls.connect`
 * is put back at the end.
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, describe, it, type TestContext } from 'node:test'
import tls, { type TLSSocket } from 'node:tls'
import { assembleGuard } from '../../lib/guard.ts'
import { findPinnedFetchError, type GuardEvent } from '../../lib/index.ts'
import { guardTls } from '../../lib/lambda/register/tls.ts'
import { leafOf, presented, rootAuthority } from '../support/authority.ts'
import { startTlsServer } from '../support/tls-server.ts'
import { policyOf, STRANGE_PINS } from './register/scene.ts'

const HOST = 'localhost'
const root = await rootAuthority('Preload Root')
const leaf = await leafOf(root, [HOST])
const connectOfNode = tls.connect
after(() => Object.assign(tls, { connect: connectOfNode }))

async function scene(t: TestContext, first: object) {
  const server = await startTlsServer(presented(leaf))
  let document = first
  const events: GuardEvent[] = []
  const guard = assembleGuard({
    source: { name: 'the test', load: async () => ({ document }) },
    ca: root.certificate,
    cacheExpiry: -1,
    metrics: false,
    observer: (event) => events.push(event),
  })
  await guard.ready()
  Object.assign(tls, { connect: connectOfNode })
  guardTls(guard.parts)
  t.after(() => Promise.all([guard.close(), server.close()]))
  const connect = (own: tls.ConnectionOptions = {}) =>
    tls.connect({ port: server.port, host: HOST, ca: root.certificate, ...own }).on('error', () => undefined)
  const put = (next: object) => {
    document = next
  }
  return { server, guard, events, connect, put }
}

const PINNED = policyOf({ [HOST]: [leaf.pin, ...STRANGE_PINS] })
const MISPINNED = policyOf({ [HOST]: STRANGE_PINS })
const UNCOVERED = policyOf({ 'api.partner.test': STRANGE_PINS }, { default: 'allow' })

const codeAt = async (socket: TLSSocket) => findPinnedFetchError((await once(socket, 'error'))[0])?.code

describe('bare TLS under the preload', () => {
  it('ends at once when a new policy refuses the key', async (t) => {
    const { guard, events, connect, put } = await scene(t, PINNED)
    const socket = connect()
    await once(socket, 'secureConnect')
    assert.equal(socket.authorized, true)
    assert.equal(events.filter(({ type }) => type === 'connection-accepted').length, 1)
    put(MISPINNED)
    const closed = once(socket, 'close')
    await guard.refresh()
    await closed
  })

  it('ends at once when a new policy covers a host that none covered', async (t) => {
    const { guard, connect, put } = await scene(t, UNCOVERED)
    const socket = connect()
    await once(socket, 'secureConnect')
    put(PINNED)
    const closed = once(socket, 'close')
    await guard.refresh()
    await closed
  })

  it('asks the source after a mismatch, for the next connection', async (t) => {
    const { guard, server, connect, put } = await scene(t, MISPINNED)
    put(PINNED)
    assert.equal(await codeAt(connect()), 'ERR_PIN_MISMATCH')
    // The load that the mismatch began: there is one at a time.
    await guard.refresh()
    await once(connect(), 'secureConnect')
    assert.equal(server.recording.bytes, 0)
  })

  it('is judged by the host that is dialled when both names are given, and by the name of TLS when only that is covered', async (t) => {
    const { server, connect } = await scene(t, MISPINNED)
    for (const own of [
      { servername: 'other.test' },
      { host: '127.0.0.1', servername: 'LOCALHOST.' },
      { host: '127.0.0.1', servername: HOST, checkServerIdentity: () => undefined },
    ]) {
      const socket = connect({ ...own, rejectUnauthorized: false })
      socket.write('GET / HTTP/1.1\r\n\r\n')
      assert.equal(await codeAt(socket), 'ERR_PIN_MISMATCH', JSON.stringify(own))
    }
    await server.whenConnectionsClosed()
    assert.equal(server.recording.bytes, 0)
  })

  it('leaves to an uncovered host what the caller said, where the policy allows it', async (t) => {
    const { connect } = await scene(t, UNCOVERED)
    const socket = connect({ ca: [], rejectUnauthorized: false })
    await once(socket, 'secureConnect')
    assert.equal(socket.authorized, false)
    socket.destroy()
  })
})
