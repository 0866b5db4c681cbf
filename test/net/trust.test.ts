import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { connect, getCACertificates, setDefaultCACertificates, type TLSSocket } from 'node:tls'
import { type Trust, TrustStore } from '../../lib/net/trust.ts'
import { type HostEntry, parsePolicy } from '../../lib/policy/document.ts'
import { TrustSet } from '../../lib/x509/trust-set.ts'
import { leafOf, presented, rootAuthority } from '../support/authority.ts'
import { startTlsServer } from '../support/tls-server.ts'
import { HOST } from '../x509/question.ts'

/** Private sets that the store keeps. */
const MAX_PRIVATE_SETS = 64

const root = await rootAuthority('Trusted Root')
const otherRoot = await rootAuthority('Other Root')
const server = await startTlsServer(presented(await leafOf(root, [HOST])))
after(() => server.close())

function entryWith(...anchors: readonly string[]): HostEntry {
  const policy = parsePolicy({ version: 1, hosts: { [HOST]: { pins: [root.pin], anchors } } })
  const entry = policy.hosts.find(HOST, 443)
  assert.ok(entry)
  return entry
}

/** Whether a handshake with the context of a trust ends with a peer that Node verified, and why not. */
function handshake({ secureContext }: Trust): Promise<string> {
  return new Promise((resolve) => {
    const options = { host: '127.0.0.1', port: server.port, servername: HOST, secureContext }
    const socket: TLSSocket = connect(options, () => {
      socket.destroy()
      resolve('verified')
    })
    socket.on('error', ({ code }: NodeJS.ErrnoException) => resolve(String(code)))
  })
}

describe('the anchors of a connection', () => {
  it('are Node’s own by default, with those that its administrator added', () => {
    const { set, ca } = new TrustStore().for(undefined)
    assert.deepEqual(
      [ca, set.id, set.size],
      [undefined, new TrustSet(getCACertificates('default')).id, getCACertificates('default').length],
    )
  })

  it('are the guard’s when it has some, for the socket and for the path alike', async () => {
    const trust = new TrustStore([root.certificate]).for(undefined)
    assert.equal(trust.set.id, new TrustSet([root.certificate]).id)
    assert.equal(await handshake(trust), 'verified')
    assert.notEqual(await handshake(new TrustStore([otherRoot.certificate]).for(undefined)), 'verified')
  })

  it('read ahead are the same, and a set that can’t be read fails the call, not the process', async () => {
    const immediates = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    const store = new TrustStore([root.certificate])
    store.prepare()
    await immediates()
    assert.equal(await handshake(store.for(undefined)), 'verified')

    const broken = new TrustStore([0 as never])
    broken.prepare()
    await immediates()
    assert.throws(() => broken.for(undefined))
  })

  it('are the entry’s own, and no others, when it has some', async () => {
    const store = new TrustStore([otherRoot.certificate])
    const trust = store.for(entryWith(root.certificate))
    assert.equal(trust.set.id, new TrustSet([root.certificate]).id)
    assert.equal(await handshake(trust), 'verified')
    assert.notEqual(
      await handshake(new TrustStore([root.certificate]).for(entryWith(otherRoot.certificate))),
      'verified',
    )
  })

  it('of an entry without any are everybody’s', () => {
    const store = new TrustStore([root.certificate])
    const policy = parsePolicy({ [HOST]: [root.pin] })
    assert.equal(store.for(policy.hosts.find(HOST, 443)), store.for(undefined))
  })
})

describe('a TLS context', () => {
  it('is made once for each set: it costs more than a handshake', () => {
    const store = new TrustStore()
    assert.equal(store.for(undefined), store.for(undefined))
    const own = store.for(entryWith(root.certificate))
    assert.equal(store.for(entryWith(root.certificate)), own)
    assert.notEqual(store.for(entryWith(root.certificate, otherRoot.certificate)), own)
  })

  it(`is made anew for an entry’s anchors when there are more than ${MAX_PRIVATE_SETS} sets of them`, async () => {
    const store = new TrustStore()
    const roots = await Promise.all(
      Array.from({ length: MAX_PRIVATE_SETS }, (_, index) => rootAuthority(`Private ${index}`)),
    )
    const entries = roots.map(({ certificate }) => entryWith(certificate))
    const made = entries.map((entry) => store.for(entry))
    assert.deepEqual(
      entries.filter((entry, index) => store.for(entry) !== made[index]),
      [],
    )
    store.for(entryWith(otherRoot.certificate))
    const again = store.for(entries[0])
    assert.notEqual(again, made[0])
    assert.equal(again.set.id, made[0]?.set.id)
  })
})

describe('Node’s default set, replaced while the process runs', () => {
  it('is noticed by the next connection, in the socket and in the path', async () => {
    const before = getCACertificates('default')
    const store = new TrustStore()
    assert.notEqual(await handshake(store.for(undefined)), 'verified')
    try {
      setDefaultCACertificates([root.certificate])
      const second = store.for(undefined)
      assert.equal(second.set.id, new TrustSet([root.certificate]).id)
      assert.equal(await handshake(second), 'verified')
      setDefaultCACertificates([otherRoot.certificate])
      assert.notEqual(await handshake(store.for(undefined)), 'verified')
    } finally {
      setDefaultCACertificates(before)
    }
  })

  it('changes nothing for a guard with anchors of its own', () => {
    const before = getCACertificates('default')
    const store = new TrustStore([root.certificate])
    const trust = store.for(undefined)
    try {
      setDefaultCACertificates([otherRoot.certificate])
      assert.equal(store.for(undefined), trust)
    } finally {
      setDefaultCACertificates(before)
    }
  })
})
