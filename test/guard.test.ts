/** The guard as its owner uses it: ready, explain, preconnect, refresh, close, and what it says of its environment. */

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { createGuard, type GuardEvent, type GuardOptions, type PolicySource } from '../lib/index.ts'
import { assertAccepted, codeOf, lookupLoopback, SURFACES, watchedGuard } from './attacks/surfaces.ts'
import { pinOf } from './source/controllable-source.ts'
import { leafOf, presented, rootAuthority } from './support/authority.ts'
import { startPlainServer } from './support/plain-server.ts'
import { startTlsServer, type TlsServerOptions } from './support/tls-server.ts'

const root = await rootAuthority('Guard Root')
const leaf = await leafOf(root, ['api.partner.test'])

const policy = { 'api.partner.test': [leaf.pin, root.pin] }

async function serving(t: TestContext, options: TlsServerOptions = {}) {
  const server = await startTlsServer(presented(leaf), options)
  t.after(() => server.close())
  const url = `https://api.partner.test:${server.port}/`
  const guarded = (more: Partial<GuardOptions> = {}) => {
    const watched = watchedGuard({ policy, ca: root.certificate, ...more })
    t.after(() => watched.guard.close())
    return watched
  }
  return { server, url, place: `api.partner.test:${server.port}`, guarded }
}

const broken: PolicySource = { name: 'a broken source', load: () => Promise.reject(new Error('no network')) }

describe('a fetch that fails', () => {
  it('says in its stack whose call it was', async (t) => {
    const { url, guarded } = await serving(t)
    const { guard } = guarded({ policy: { 'api.partner.test': [pinOf(1), pinOf(2)] } })
    const handlerOfThisTest = async () => await guard.fetch(url)
    await assert.rejects(handlerOfThisTest(), ({ stack }: Error) => {
      assert.match(String(stack), /^TypeError: fetch failed\n(.*\n)+.*handlerOfThisTest/)
      return true
    })
  })
})

describe('the first fetch of a guard', () => {
  it('needs no timer: a test of its owner may have stopped them all', async (t) => {
    const { url, guarded } = await serving(t)
    t.mock.timers.enable({ apis: ['setImmediate'] })
    const { guard } = guarded()
    assert.equal((await guard.fetch(url)).status, 200)
  })

  it('keeps its error where the process makes stacks of its own', async (t) => {
    const { url, guarded } = await serving(t)
    const { guard } = guarded({ policy: { 'api.partner.test': [pinOf(1), pinOf(2)] } })
    const before = Error.prepareStackTrace
    Error.prepareStackTrace = (_error, sites) => sites
    const error: unknown = await guard.fetch(url).catch((reason: unknown) => reason)
    Error.prepareStackTrace = before
    assert.equal(codeOf(error), 'ERR_PIN_MISMATCH')
  })
})

describe('explain', () => {
  const document = {
    version: 1,
    default: 'report',
    hosts: {
      'api.test': { pins: [pinOf(1), { sha256: pinOf(2).slice(7), name: 'next' }] },
      'api.test:8443': { leafPins: [pinOf(3)], issuerPins: [pinOf(4)], mode: 'report' },
      '*.bank.test': { pins: [pinOf(5)], anchors: [root.certificate] },
      'old.test': { pins: [pinOf(6)], expires: '2020-01-01T00:00:00Z', onExpiry: 'report' },
      'kept.test': { pins: [pinOf(6)], expires: '2020-01-01T00:00:00Z' },
      'broken-glass.test': { pins: [pinOf(6)], reportUntil: '2999-01-01T00:00:00Z' },
      '[::1]': { pins: [pinOf(7)] },
    },
  }

  async function explained(t: TestContext, host: string, more: Partial<GuardOptions> = {}) {
    const guard = createGuard({ policy: document, metrics: false, ...more })
    t.after(() => guard.close())
    return await guard.explain(host)
  }

  it('says which entry covers a host, and what a path must hold', async (t) => {
    assert.deepEqual(await explained(t, 'API.test.'), {
      host: 'api.test',
      port: 443,
      pattern: 'api.test',
      rule: 'enforce',
      pins: [pinOf(1), pinOf(2)],
      leafPins: [],
      issuerPins: [],
      hasOwnAnchors: false,
      policyVersion: undefined,
    })
  })

  for (const [host, expected] of [
    [
      'api.test:8443',
      { pattern: 'api.test:8443', rule: 'report', leafPins: [pinOf(3)], issuerPins: [pinOf(4)], pins: [] },
    ],
    ['www.bank.test', { pattern: '*.bank.test', rule: 'enforce', hasOwnAnchors: true }],
    ['old.test', { pattern: 'old.test', rule: 'report' }],
    ['kept.test', { pattern: 'kept.test', rule: 'enforce' }],
    ['broken-glass.test', { pattern: 'broken-glass.test', rule: 'report' }],
    ['::1', { pattern: '[::1]', host: '::1', port: 443 }],
    ['[::1]:9', { pattern: '[::1]', host: '::1', port: 9 }],
    ['bank.test', { pattern: undefined, rule: 'report', pins: [] }],
  ] as const) {
    it(`says it of ${host}`, async (t) => {
      const explanation = await explained(t, host)
      assert.deepEqual({ ...explanation, ...expected }, explanation)
    })
  }

  it('says what the option "mode" makes of it', async (t) => {
    assert.equal((await explained(t, 'api.test', { mode: 'report' })).rule, 'report')
    assert.equal((await explained(t, 'api.test:8443', { mode: 'enforce' })).rule, 'enforce')
    const allowing = { policy: { ...document, default: 'allow' } }
    assert.equal((await explained(t, 'bank.test', allowing)).rule, 'allow')
  })

  it('says the version that the source gave', async (t) => {
    const source = { name: 'x', load: async () => ({ document, version: 'a1b2' }) }
    const guard = createGuard({ source, metrics: false })
    t.after(() => guard.close())
    assert.equal((await guard.explain('api.test')).policyVersion, 'a1b2')
  })

  it('refuses what names no host, and says why there is no policy', async (t) => {
    for (const noHost of ['', 'a b', 'https://api.test', 'a..test', 'api.test:99999']) {
      await assert.rejects(explained(t, noHost), { code: 'ERR_HOST_NOT_COVERED' })
    }
    const guard = createGuard({ source: broken, metrics: false })
    t.after(() => guard.close())
    await assert.rejects(guard.explain('api.test'), { code: 'ERR_POLICY_UNAVAILABLE' })
  })
})

describe('ready and refresh', () => {
  it('say why there is no policy, and making the guard never does', async (t) => {
    for (const options of [{ source: broken }, { policy: { 'a.test': [] } }, { policy: 'text' }]) {
      const guard = createGuard({ ...options, metrics: false })
      t.after(() => guard.close())
      await assert.rejects(guard.ready(), { code: /^ERR_POLICY_(?:UNAVAILABLE|MALFORMED)$/ })
      await assert.rejects(guard.refresh(), { code: /^ERR_POLICY_(?:UNAVAILABLE|MALFORMED)$/ })
    }
  })

  it('make the policy of now the one in use', async (t) => {
    let pins = [pinOf(1)]
    const source = { name: 'x', load: async () => ({ document: { 'a.test': pins } }) }
    const guard = createGuard({ source, metrics: false })
    t.after(() => guard.close())
    await guard.ready()
    pins = [pinOf(2)]
    assert.deepEqual((await guard.explain('a.test')).pins, [pinOf(1)])
    await guard.refresh()
    assert.deepEqual((await guard.explain('a.test')).pins, [pinOf(2)])
  })
})

describe('preconnect', () => {
  for (const http2 of [false, true]) {
    // Not Node's own fetch, which can't speak HTTP/2 here and so opens a connection without it; and no agent.
    for (const surface of SURFACES.filter(({ name }) => name === 'pinnedFetch' || name.includes('undici.request'))) {
      it(`gives the first call its connection${http2 ? ', over HTTP/2' : ''}: ${surface.name}`, async (t) => {
        const { server, url, place, guarded } = await serving(t, { http2 })
        const { guard } = guarded({ preconnect: [place] })
        await guard.ready()
        await assertAccepted(() => surface.call(guard, url), server)
        const { connections, handshakes } = server.recording
        assert.deepEqual({ connections, handshakes }, { connections: 1, handshakes: 1 })
      })
    }
  }

  it('to a host that is refused, does not answer or is not covered ends ready() all the same', async (t) => {
    const { server, url, place, guarded } = await serving(t)
    const preconnect = [place, 'uncovered.test', 'api.partner.test:1']
    const { guard, events } = guarded({ policy: { 'api.partner.test': [pinOf(1)] }, preconnect })
    await guard.ready()
    assert.ok(events.some(({ type }) => type === 'pin-failure'))
    assert.ok(events.some(({ type }) => type === 'host-refused'))
    await server.whenConnectionsClosed()
    assert.equal(server.recording.bytes, 0)
    await assert.rejects(guard.fetch(url), (error) => codeOf(error) === 'ERR_PIN_MISMATCH')
  })

  it('without a policy opens nothing', async (t) => {
    const { server, place, guarded } = await serving(t)
    const { guard } = guarded({ policy: { 'a.test': [] }, preconnect: [place] })
    await assert.rejects(guard.ready(), { code: 'ERR_POLICY_MALFORMED' })
    assert.equal(server.recording.connections, 0)
  })
})

describe('close', () => {
  for (const surface of SURFACES) {
    it(`ends every connection, and no call goes out any more (${surface.name})`, async (t) => {
      const { server, url, guarded } = await serving(t)
      const { guard } = guarded()
      await assertAccepted(() => surface.call(guard, url), server)
      await guard.close()
      await server.whenConnectionsClosed()
      const { connections } = server.recording
      await assert.rejects(surface.call(guard, url))
      assert.equal(server.recording.connections, connections)
      await guard.close()
    })

    it(`before the first call is possible, and then none goes out (${surface.name})`, async (t) => {
      const { server, url, guarded } = await serving(t)
      const { guard } = guarded()
      await guard.close()
      await assert.rejects(surface.call(guard, url))
      assert.equal(server.recording.connections, 0)
    })
  }

  for (const surface of SURFACES) {
    it(`lets a running call finish (${surface.name})`, async (t) => {
      const answer = Promise.withResolvers<object>()
      const { server, url, guarded } = await serving(t, { respond: () => answer.promise })
      const { guard } = guarded()
      const requested = server.whenRequested()
      const call = surface.call(guard, url)
      await requested
      const closing = guard.close()
      answer.resolve({ body: 'late, and whole' })
      assert.deepEqual(await call, { status: 200, body: 'late, and whole' })
      await closing
      await server.whenConnectionsClosed()
    })
  }
})

describe('a proxy variable', () => {
  for (const name of ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy']) {
    it(`${name} is told and ignored, and its password is not repeated`, async (t) => {
      const { server, url, guarded } = await serving(t)
      const proxy = await startPlainServer()
      t.after(() => proxy.close())
      const before = process.env[name]
      t.after(() => restoreVariable(name, before))
      process.env[name] = `http://user:correct-horse@127.0.0.1:${proxy.port}`
      const { guard, events } = guarded()
      for (const surface of SURFACES) await assertAccepted(() => surface.call(guard, url), server)
      assert.equal(proxy.recording.connections, 0)
      const [warning, ...more] = warningsOf(events, 'PROXY_IGNORED')
      assert.equal(more.length, 0)
      assert.match(warning?.message ?? '', new RegExp(`^${name} is set`))
      assert.doesNotMatch(JSON.stringify(events), /correct-horse/)
    })
  }

  it('that is not set is no news', async (t) => {
    const { guarded } = await serving(t)
    const { guard, events } = guarded({ lookup: lookupLoopback })
    await guard.ready()
    assert.deepEqual(warningsOf(events, 'PROXY_IGNORED'), [])
  })
})

function restoreVariable(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name]
  else process.env[name] = value
}

function warningsOf(events: readonly GuardEvent[], code: string) {
  return events.filter((event) => event.type === 'warning').filter((event) => event.code === code)
}

it('a guard has what its type says, and nothing that belongs to Lambda or the preload', async () => {
  const guard = createGuard({ policy: { 'a.test': [`sha256/${Buffer.alloc(32).toString('base64')}`] }, metrics: false })
  assert.deepEqual(Object.keys(guard), ['fetch', 'agent', 'dispatcher', 'ready', 'refresh', 'explain', 'close'])
  await guard.close()
})
