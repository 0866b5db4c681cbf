/**
 * Row 25: a proxy that says nothing holds up nobody for long. A caller who gives up gets his answer at once, the limit
 * of ten seconds gives up for those who do not, and neither leaves a connection at the proxy.
 *
 *     guard ── CONNECT ─→ proxy ┄ nothing
 *       ╳ abort, destroy, time-out   └ closed
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpsRequest } from 'node:https'
import { describe, it, type TestContext } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { request as undiciRequest } from 'undici'
import { startConnectProxy } from '../support/connect-proxy.ts'
import type { ProxyServer } from '../support/proxy-server.ts'
import { startSocksProxy } from '../support/socks-proxy.ts'
import { HOST } from './cast.ts'
import {
  assertKnewNothing,
  assertProxyFailed,
  httpProxy,
  httpsProxy,
  PROXIES,
  type ProxyKind,
  proxiedScene,
  proxyChain,
  rejection,
  socksProxy,
  urlOf,
} from './proxied.ts'
import { assertAccepted, type Guarded, SURFACES, type Surface } from './surfaces.ts'

const TEN_SECONDS = 10_000

const silence = { bytes: '', next: 'stall' } as const

let whenHeardAgain = Promise.withResolvers<void>()

/** Where a proxy falls silent; `whenSilent` tells that it has come so far. */
const SILENCES: readonly {
  readonly title: string
  readonly kind: ProxyKind
  whenSilent(proxy: ProxyServer): Promise<unknown>
  /** Lets a proxy hear again that has not even listened: only then does it see who has left. */
  listen?(): void
}[] = [
  ...PROXIES.map((kind) => ({
    title: `${kind.name} that has heard the place`,
    kind: { ...kind, start: () => kind.start({ answer: () => silence }) },
    whenSilent: (proxy: ProxyServer) => proxy.whenAsked(),
  })),
  {
    title: `${httpProxy.name} in the middle of its answer`,
    kind: {
      ...httpProxy,
      start: () => startConnectProxy({ answer: () => ({ bytes: 'HTTP/1.1 200', next: 'stall' }) }),
    },
    whenSilent: (proxy) => proxy.whenAsked(),
  },
  {
    title: `${httpsProxy.name} before its handshake`,
    kind: {
      ...httpsProxy,
      start: () => startConnectProxy({ identity: proxyChain, delayHandshake: () => whenHeardAgain.promise }),
    },
    whenSilent: (proxy) => proxy.whenConnected(),
    listen() {
      whenHeardAgain.resolve()
      whenHeardAgain = Promise.withResolvers<void>()
    },
  },
  {
    title: `${socksProxy.name} that has heard the greeting`,
    kind: { ...socksProxy, start: () => startSocksProxy({ answer: () => silence }) },
    whenSilent: (proxy) => proxy.whenConnected(),
  },
]

interface GivenUp {
  readonly name: string
  /** Calls out, and gives up once `silent` is reached. */
  call(guard: Guarded, url: string, silent: Promise<unknown>): Promise<unknown>
  /**
   * When the call ends, and its connection: the dispatcher's next call would use it, so it ends with the limit; and
   * `undici.request` hears no signal while its connection is being opened, with a proxy or without.
   */
  readonly ends: 'with its connection' | 'at once' | 'with the limit'
  /** The name or the code of the error that the caller gets. */
  readonly error: string
}

const GIVING_UP: readonly GivenUp[] = [
  aborting({ name: 'pinnedFetch', ends: 'at once' }, (guard, url, signal) => guard.fetch(url, { signal })),
  aborting({ name: 'pinnedDispatcher with undici.request', ends: 'with the limit' }, ({ dispatcher }, url, signal) =>
    undiciRequest(url, { dispatcher, signal }),
  ),
  aborting({ name: "Node's own fetch with pinnedDispatcher", ends: 'at once' }, ({ dispatcher }, url, signal) => {
    // @types/node describes the dispatcher by another copy of undici's types.
    const withDispatcher: object = { dispatcher, signal }
    return fetch(url, withDispatcher)
  }),
  aborting({ name: 'pinnedAgent with a signal', ends: 'with its connection' }, async ({ agent }, url, signal) => {
    await once(httpsRequest(url, { agent, signal }).end(), 'response')
  }),
  {
    name: 'pinnedAgent with request.destroy()',
    ends: 'with its connection',
    error: 'ECONNRESET',
    async call({ agent }, url, silent) {
      const outgoing = httpsRequest(url, { agent }).end()
      void silent.then(() => outgoing.destroy())
      await once(outgoing, 'response')
    },
  },
]

/** What nobody ends would be waited for. */
const impatient = { timeout: 20_000 }

for (const { title, kind, whenSilent, listen } of SILENCES) {
  describe(title, impatient, () => {
    for (const { name, call, ends, error: expected } of GIVING_UP) {
      it(`is left by a caller who gives up (${name})`, async (t) => {
        const { guard, proxy, origin, url } = await proxiedScene(t, kind)
        t.mock.timers.enable({ apis: ['setTimeout'] })
        const silent = whenSilent(proxy)
        const givenUp = rejection(call(guard, url, silent))
        await silent
        await nextTurn()
        if (ends === 'with the limit') t.mock.timers.tick(TEN_SECONDS)
        const error = (await givenUp) as NodeJS.ErrnoException
        assert.ok([error.name, error.code].includes(expected), `${error.name} ${error.code}`)
        if (ends === 'at once') t.mock.timers.tick(TEN_SECONDS)
        listen?.()
        await proxy.whenConnectionsClosed()
        assertKnewNothing(proxy)
        assert.equal(origin.recording.connections, 0)
      })
    }

    for (const surface of SURFACES) {
      it(`is left after ten seconds (${surface.name})`, async (t) => {
        const { guard, proxy, origin, url } = await proxiedScene(t, kind)
        t.mock.timers.enable({ apis: ['setTimeout'] })
        const error = await afterTenSeconds(t, { surface, guard, url, silent: whenSilent(proxy), proxy })
        const failure = assertProxyFailed(error, { host: HOST, port: origin.port, proxy: urlOf(kind, proxy) })
        assert.match(failure.evidence.reason, /10000 ms/)
        listen?.()
        await proxy.whenConnectionsClosed()
      })
    }
  })
}

for (const kind of PROXIES) {
  it(`a call that is given up disturbs no other through ${kind.name}`, impatient, async (t) => {
    const silent: string[] = []
    const answer = ({ host, port }: { host: string; port: number }) =>
      silent.push(`${host}:${port}`) === 1 ? silence : undefined
    const { guard, proxy, origin, url } = await proxiedScene(t, kind, { proxy: { answer } })
    const [first] = GIVING_UP as readonly [GivenUp]
    await rejection(first.call(guard, url, proxy.whenAsked()))
    for (const surface of SURFACES) await assertAccepted(() => surface.call(guard, url), origin)
  })
}

function aborting(
  { name, ends }: Pick<GivenUp, 'name' | 'ends'>,
  call: (guard: Guarded, url: string, signal: AbortSignal) => Promise<unknown>,
): GivenUp {
  return {
    name,
    ends,
    error: ends === 'with the limit' ? 'ERR_PROXY_FAILED' : 'AbortError',
    async call(guard, url, silent) {
      const controller = new AbortController()
      void silent.then(() => controller.abort())
      return await call(guard, url, controller.signal)
    },
  }
}

interface Waiting {
  readonly surface: Surface
  readonly guard: Guarded
  readonly url: string
  readonly silent: Promise<unknown>
  readonly proxy: ProxyServer
}

/** Not a millisecond earlier. */
async function afterTenSeconds(t: TestContext, { surface, guard, url, silent, proxy }: Waiting): Promise<unknown> {
  const refused = rejection(surface.call(guard, url))
  await silent
  t.mock.timers.tick(TEN_SECONDS - 1)
  assert.equal(proxy.connectionsOpen(), 1)
  t.mock.timers.tick(1)
  return await refused
}
