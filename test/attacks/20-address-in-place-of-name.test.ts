/**
 * Row 20: an address where the name was.
 *
 *     https://api.partner.test  ──▶  dns interceptor  ──▶  https://127.0.0.1 (servername: api.partner.test)
 *                               ──▶  custom lookup    ──▶  a socket to 127.0.0.1
 *
 * undici's `dns` interceptor rewrites the origin, and every `lookup` turns a name into an address. A policy that is
 * asked about the address finds no entry, and lets the call through where uncovered hosts may pass. The name is what is
 * judged. An address is judged as itself only where the caller wrote one.
 */

import assert from 'node:assert/strict'
import type { LookupFunction } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { Dispatcher1Wrapper, interceptors } from 'undici'
import type { Guard, GuardOptions } from '../../lib/index.ts'
import { leafOf, presented, rootAuthority } from '../support/authority.ts'
import { startTlsServer } from '../support/tls-server.ts'
import { assertAccepted, assertRefused, type Guarded, SURFACES, type Surface, watchedGuard } from './surfaces.ts'

const root = await rootAuthority('Address Root')
const stranger = await rootAuthority('Stranger')
const leaf = await leafOf(root, ['api.partner.test', '127.0.0.1', '127.0.0.2'])

const overDispatcher = SURFACES.filter(({ name }) => name.includes('pinnedDispatcher'))

function rules(hosts: Readonly<Record<string, readonly string[]>>): GuardOptions {
  const entries = Object.entries(hosts).map(([host, pins]) => [host, { pins }])
  return {
    policy: { version: 1, default: 'allow', hosts: Object.fromEntries(entries) },
    ca: root.certificate,
  }
}

interface Address {
  readonly address: string
  readonly family: 4 | 6
}

const LOOPBACK: Address = { address: '127.0.0.1', family: 4 }

function throughDnsInterceptor(guard: Guard, surface: Surface, ...addresses: readonly Address[]): Guarded {
  const { fetch, agent, dispatcher } = guard
  const composed = dispatcher.compose(dnsInterceptor(...addresses))
  // undici's interceptors don't understand Node's own fetch without this wrapper, on its own Agent either.
  return { fetch, agent, dispatcher: surface.name.includes('fetch') ? new Dispatcher1Wrapper(composed) : composed }
}

function dnsInterceptor(...addresses: readonly Address[]) {
  const records = (addresses.length === 0 ? [LOOPBACK] : addresses).map((address) => ({ ...address, ttl: 60_000 }))
  return interceptors.dns({ lookup: (_origin, _options, callback) => callback(null, records) })
}

for (const surface of overDispatcher) {
  describe(`behind undici's dns interceptor (${surface.name})`, () => {
    it('a host is still pinned by its name', async (t) => {
      const server = await startTlsServer(presented(leaf))
      t.after(() => server.close())
      const { guard, events } = watchedGuard(rules({ 'api.partner.test': [stranger.pin] }))
      t.after(() => guard.close())
      const call = () => surface.call(throughDnsInterceptor(guard, surface), `https://api.partner.test:${server.port}/`)
      await assertRefused(call, { code: 'ERR_PIN_MISMATCH', server, events })
    })

    it('a host is pinned by its name also at its second address, for which undici no longer tells the name', async (t) => {
      const server = await startTlsServer(presented(leaf))
      t.after(() => server.close())
      const { guard, events } = watchedGuard(rules({ 'api.partner.test': [stranger.pin] }))
      t.after(() => guard.close())
      // Nobody listens at the first; the second is the server, in the other family.
      const addresses = [
        { address: '127.0.0.2', family: 4 },
        { address: '::ffff:127.0.0.1', family: 6 },
      ] as const
      const guarded = throughDnsInterceptor(guard, surface, ...addresses)
      const call = () => surface.call(guarded, `https://api.partner.test:${server.port}/`)
      await assertRefused(call, { code: 'ERR_PIN_MISMATCH', server, events })
    })

    it('a host with the right key is answered, asked for by its name', async (t) => {
      const server = await startTlsServer(presented(leaf))
      t.after(() => server.close())
      const { guard, events } = watchedGuard(rules({ 'api.partner.test': [leaf.pin, root.pin] }))
      t.after(() => guard.close())
      const call = () => surface.call(throughDnsInterceptor(guard, surface), `https://api.partner.test:${server.port}/`)
      await assertAccepted(call, server)
      assert.deepEqual(server.recording.servernames, ['api.partner.test'])
      assert.deepEqual(
        events.filter(({ type }) => type === 'connection-accepted').map((event) => 'host' in event && event.host),
        ['api.partner.test'],
      )
    })

    it('a host is found by its name also where no uncovered host may pass', async (t) => {
      const server = await startTlsServer(presented(leaf))
      t.after(() => server.close())
      const policy = { 'api.partner.test': [leaf.pin, root.pin] }
      const { guard } = watchedGuard({ policy, ca: root.certificate })
      t.after(() => guard.close())
      const call = () => surface.call(throughDnsInterceptor(guard, surface), `https://api.partner.test:${server.port}/`)
      await assertAccepted(call, server)
    })

    it('a host that no entry covers is not covered because its address is', async (t) => {
      const server = await startTlsServer(presented(leaf))
      t.after(() => server.close())
      const pins = { pins: [leaf.pin, root.pin] }
      const policy = { version: 1, hosts: { 'other.partner.test': pins } }
      const { guard, events } = watchedGuard({ policy, ca: root.certificate })
      t.after(() => guard.close())
      const call = () => surface.call(throughDnsInterceptor(guard, surface), `https://api.partner.test:${server.port}/`)
      await assertRefused(call, { code: 'ERR_HOST_NOT_COVERED', server, events })
    })
  })
}

it('a composed dispatcher pins as well when it is asked itself', async (t) => {
  const server = await startTlsServer(presented(leaf))
  t.after(() => server.close())
  for (const [pins, code] of [
    [[stranger.pin], 'ERR_PIN_MISMATCH'],
    [[leaf.pin], undefined],
  ] as const) {
    const { guard, events } = watchedGuard(rules({ 'api.partner.test': pins }))
    t.after(() => guard.close())
    const composed = guard.dispatcher.compose(dnsInterceptor())
    const call = async () => {
      const origin = `https://api.partner.test:${server.port}`
      const { statusCode, body } = await composed.request({ origin, path: '/', method: 'GET' })
      return { status: statusCode, body: await body.text() }
    }
    if (code === undefined) await assertAccepted(call, server)
    else await assertRefused(call, { code, server, events })
  }
})

for (const surface of SURFACES) {
  describe(`a custom lookup (${surface.name})`, () => {
    it('says where a host is, and not who it is', async (t) => {
      const server = await startTlsServer(presented(leaf))
      t.after(() => server.close())
      const asked: string[] = []
      const lookup = lookupTo('127.0.0.1', asked)
      const policy = { 'api.partner.test': [stranger.pin], '127.0.0.1': [leaf.pin, root.pin] }
      const { guard, events } = watchedGuard({ ...rules(policy), lookup })
      t.after(() => guard.close())
      const call = () => surface.call(guard, `https://api.partner.test:${server.port}/`)
      await assertRefused(call, { code: 'ERR_PIN_MISMATCH', server, events })
      assert.deepEqual(asked, ['api.partner.test'])
    })

    it('can only lead to a server that proves the name', async (t) => {
      const server = await startTlsServer(presented(await leafOf(root, ['127.0.0.1'], { keys: leaf })))
      t.after(() => server.close())
      const lookup = lookupTo('127.0.0.1', [])
      const { guard, events } = watchedGuard({ ...rules({ 'api.partner.test': [leaf.pin] }), lookup })
      t.after(() => guard.close())
      const call = () => surface.call(guard, `https://api.partner.test:${server.port}/`)
      await assertRefused(call, { code: 'ERR_TLS_CERT_ALTNAME_INVALID', server, events })
    })
  })

  describe(`an address in the URL (${surface.name})`, () => {
    it('is judged by its own entry, by no name, and never sent as SNI', async (t) => {
      const { server, call, events } = await addressed(surface, t, rules({ '127.0.0.1': [leaf.pin, root.pin] }))
      await assertAccepted(() => call('127.0.0.1'), server)
      assert.deepEqual(server.recording.servernames, [undefined])
      assert.ok(events.some((event) => event.type === 'connection-accepted' && event.pattern === '127.0.0.1'))
    })

    it('is refused when its key is not the pinned one', async (t) => {
      const { server, call, events } = await addressed(surface, t, rules({ '127.0.0.1': [stranger.pin] }))
      await assertRefused(() => call('127.0.0.1'), { code: 'ERR_PIN_MISMATCH', server, events })
    })

    it('is not covered by the name that points to it, nor by its neighbour', async (t) => {
      const policy = { 'api.partner.test': [leaf.pin, root.pin], '127.0.0.2': [leaf.pin, root.pin] }
      const { server, call, events } = await addressed(surface, t, { policy, ca: root.certificate })
      await assertRefused(() => call('127.0.0.1'), { code: 'ERR_HOST_NOT_COVERED', server, events })
    })

    it('must be in the certificate', async (t) => {
      const { server, call, events } = await addressed(surface, t, rules({ '127.0.0.1': [leaf.pin, root.pin] }))
      server.present(presented(await leafOf(root, ['api.partner.test'], { keys: leaf })))
      await assertRefused(() => call('127.0.0.1'), { code: 'ERR_TLS_CERT_ALTNAME_INVALID', server, events })
    })
  })
}

async function addressed(surface: Surface, t: TestContext, options: GuardOptions) {
  const server = await startTlsServer(presented(leaf))
  t.after(() => server.close())
  const { guard, events } = watchedGuard(options)
  t.after(() => guard.close())
  const call = (host: string) => surface.call(guard, `https://${host}:${server.port}/`)
  return { server, events, call }
}

function lookupTo(address: string, asked: string[]): LookupFunction {
  return (host, options, callback) => {
    asked.push(host)
    if (options.all) callback(null, [{ address, family: 4 }])
    else callback(null, address, 4)
  }
}
