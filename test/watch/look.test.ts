import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { after, describe, it } from 'node:test'
import { callToPlace } from '../../lib/net/call.ts'
import { parseProxyAddress } from '../../lib/net/proxy/address.ts'
import { parsePolicy } from '../../lib/policy/document.ts'
import { checkHost } from '../../lib/watch/host-check.ts'
import { type LookOptions, lookAtHosts, type Seen, type Sighting, type Unseen } from '../../lib/watch/look.ts'
import { intermediateOf, leafOf, presented, rootAuthority } from '../support/authority.ts'
import { startConnectProxy } from '../support/connect-proxy.ts'
import { listen } from '../support/listen.ts'
import { startTlsServer } from '../support/tls-server.ts'

const root = await rootAuthority('Look Root')
const issuer = await intermediateOf(root, 'Look CA')
const leaf = await leafOf(issuer, ['api.partner.test', 'localhost'])
const stranger = await rootAuthority('Stranger')
const server = await startTlsServer(presented(leaf, issuer))
const plain = createServer((socket) => socket.on('error', () => undefined).end('HTTP/1.1 400 Bad Request\r\n\r\n'))
const plainPort = await listen(plain)
after(() => Promise.all([server.close(), new Promise((resolve) => plain.close(resolve))]))

const PINS = { pins: [leaf.pin, stranger.pin] }

const policyOf = (hosts: object) => parsePolicy({ version: 1, hosts })

const here = () => ({ host: '127.0.0.1', port: server.port })

async function look(place: string, options: Partial<LookOptions> = {}, entry: object = PINS): Promise<Sighting> {
  const policy = policyOf({ [place]: entry })
  const look = { now: Date.now(), ca: [root.certificate], address: here, ...options }
  const [sighting] = await lookAtHosts(policy, [callToPlace(place)], look)
  assert.ok(sighting)
  return sighting
}

const seen = (sighting: Sighting): Seen => {
  assert.ok(sighting.path !== undefined, JSON.stringify(sighting))
  return sighting
}

const unseen = (sighting: Sighting): Unseen => {
  assert.ok(sighting.path === undefined)
  return sighting
}

describe('a look at hosts', () => {
  it('trusts the anchors of the entry, else what it was given, else Node’s roots', async () => {
    assert.equal(seen(await look('api.partner.test')).problem, undefined)
    const others = { ...PINS, anchors: [stranger.certificate] }
    assert.equal(seen(await look('api.partner.test', {}, others)).problem, 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY')
    const own = { ...PINS, anchors: [root.certificate] }
    assert.equal(seen(await look('api.partner.test', { ca: undefined }, own)).problem, undefined)
    assert.notEqual(seen(await look('api.partner.test', { ca: undefined })).problem, undefined)
  })

  it('is one handshake that two policies judge', async () => {
    const before = server.recording.connections
    const [now, next] = [
      policyOf({ 'api.partner.test': PINS }),
      policyOf({ 'api.partner.test': { pins: [stranger.pin] } }),
    ]
    const sighting = await look('api.partner.test')
    const states = [now, next].map((policy) => checkHost({ policy }, sighting, Date.now()).state)
    assert.deepEqual(states, ['accepted', 'refused'])
    assert.deepEqual([server.recording.connections - before, server.recording.bytes], [1, 0])
  })

  it('gives its sightings in the order of the calls, also those of hosts that could not be asked', async () => {
    const places = ['a.test', 'localhost', 'b.test', 'api.partner.test']
    const policy = policyOf(Object.fromEntries(places.map((place) => [place, PINS])))
    const sightings = await lookAtHosts(policy, places.map(callToPlace), {
      now: Date.now(),
      ca: [root.certificate],
      atOnce: 2,
      address: ({ host }) => (host.length === 6 ? { host: '127.0.0.1', port: 1 } : here()),
    })
    assert.deepEqual(
      sightings.map((one) => [one.call.host, one.path === undefined ? one.kind : 'seen']),
      [
        ['a.test', 'nothing-listens'],
        ['localhost', 'seen'],
        ['b.test', 'nothing-listens'],
        ['api.partner.test', 'seen'],
      ],
    )
  })

  it('says in a line why a host could not be asked', async () => {
    const failures: readonly (readonly [Partial<LookOptions>, string, RegExp])[] = [
      [
        { address: () => ({ host: '127.0.0.1', port: 1 }) },
        'nothing-listens',
        /^api\.partner\.test:443 at 127\.0\.0\.1:1: nothing listens there \(ECONNREFUSED\)$/,
      ],
      [
        { address: () => ({ host: '127.0.0.1', port: plainPort }) },
        'no-tls',
        /: what answers does not speak TLS \(ERR_SSL_\w+\)$/,
      ],
      [
        {
          address: undefined,
          lookup: (name, _options, callback) =>
            callback(Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' }), ''),
        },
        'no-such-name',
        /^api\.partner\.test:443: there is no such name \(ENOTFOUND\)$/,
      ],
      [
        { proxy: () => parseProxyAddress('http://127.0.0.1:1') },
        'no-tunnel',
        /^the proxy http:\/\/127\.0\.0\.1:1 made no/,
      ],
    ]
    for (const [options, kind, reason] of failures) {
      const failure = unseen(await look('api.partner.test', options))
      assert.equal(failure.kind, kind)
      assert.match(failure.reason, reason)
    }
  })

  it('goes by a proxy where one is named', async (t) => {
    const proxy = await startConnectProxy()
    t.after(() => proxy.close())
    const sighting = await look('api.partner.test', {
      proxy: () => parseProxyAddress(`http://127.0.0.1:${proxy.port}`),
    })
    assert.equal(seen(sighting).problem, undefined)
    assert.equal(proxy.recording.tunnels.length, 1)
  })

  it('connects to nobody when its options are wrong', async () => {
    const before = server.recording.connections
    const wrong = () => {
      throw new Error('no proxy at all')
    }
    await assert.rejects(look('api.partner.test', { proxy: wrong }), /no proxy at all/)
    assert.equal(server.recording.connections, before)
  })

  it('ends at once when its signal says so, with the reason', async (t) => {
    const silent = await startTlsServer(presented(leaf, issuer), { delayHandshake: () => new Promise(() => undefined) })
    t.after(() => silent.close())
    const controller = new AbortController()
    const policy = policyOf({ [`localhost:${silent.port}`]: PINS, 'localhost:1': PINS })
    const calls = [...policy.hosts.entries()].map(({ pattern }) => callToPlace(pattern.text))
    const connected = silent.whenConnected()
    const looking = lookAtHosts(policy, calls, { now: Date.now(), atOnce: 1, signal: controller.signal })
    await connected
    controller.abort(Object.assign(new Error('no time is left'), { code: 'LATE' }))
    const sightings = (await looking).map(unseen)
    assert.deepEqual(
      sightings.map(({ kind, code }) => [kind, code]),
      [
        ['given-up', 'LATE'],
        ['given-up', 'LATE'],
      ],
    )
    assert.match(sightings[1]?.reason ?? '', /^localhost:1: given up, no time is left$/)
  })

  it('of very many hosts by one signal makes Node warn of no leak', async (t) => {
    const warned: string[] = []
    const onWarning = ({ message }: Error) => warned.push(message)
    process.on('warning', onWarning)
    t.after(() => process.off('warning', onWarning))
    const policy = policyOf(Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`h${n}.test`, PINS])))
    const calls = [...policy.hosts.entries()].map(({ pattern }) => callToPlace(pattern.text))
    const sightings = await lookAtHosts(policy, calls, {
      now: Date.now(),
      address: here,
      atOnce: 20,
      signal: new AbortController().signal,
    })
    await new Promise(setImmediate)
    assert.equal(sightings.filter(({ path }) => path !== undefined).length, 60)
    assert.deepEqual(warned, [])
  })
})
