/**
 * Row 26, `pinnedDispatcher` and `pinnedFetch`: options that undici or somebody's wrapper knows, given with a call; a
 * dispatcher of the caller's own; and undici's interceptors around ours. What reaches the gate is judged, whatever was
 * put in front of it.
 *
 *     undici.request(url, { dispatcher, servername, connect, socketPath, … })
 *     pinnedFetch(url, { dispatcher: unguarded })            └─ none of them loosens the check
 *     pinnedDispatcher.compose(redirect, retry, dns, cache, …)
 */

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { createSecureContext } from 'node:tls'
import {
  Agent,
  buildConnector,
  type Dispatcher,
  interceptors,
  RetryAgent,
  request,
  Request as UndiciRequest,
  fetch as undiciFetch,
} from 'undici'
import { leafOf, presented } from '../support/authority.ts'
import { startTlsServer, type TlsServer } from '../support/tls-server.ts'
import { attacker, HOST, partner } from './cast.ts'
import { assertAccepted, assertRefused, type Guarded, watchedGuard } from './surfaces.ts'

const OTHER = 'other.partner.test'

const { root, issuing, leaf } = await partner()
const foe = await attacker()
const policy = { [HOST]: [leaf.pin, leaf.pin] }

/** The pinned key in the wrong hands, and a wrong key in the right ones. */
const SERVERS = [
  {
    what: 'a key that is not pinned',
    chain: presented(await leafOf(issuing, [HOST]), issuing),
    code: 'ERR_PIN_MISMATCH',
  },
  {
    what: 'an issuer that only the caller trusts',
    chain: presented(await leafOf(foe.issuing, [HOST], { keys: leaf }), foe.issuing),
    code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  },
  {
    what: 'another name',
    chain: presented(await leafOf(issuing, [OTHER], { keys: leaf }), issuing),
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
  },
] as const

const verifyNothing = { rejectUnauthorized: false, checkServerIdentity: () => undefined }
const trustEverybody = { ca: [root.certificate, foe.root.certificate], ...verifyNothing }
const unguarded = new Agent({ connect: verifyNothing })

const OWN_OPTIONS: Readonly<Record<string, object>> = {
  'servername of another host': { servername: OTHER },
  'headers.host of another host': { headers: { host: OTHER } },
  'connect options': { connect: trustEverybody },
  'a connector': { connect: buildConnector(verifyNothing) },
  'tls options': { tls: trustEverybody, requestTls: trustEverybody, ...trustEverybody },
  secureContext: { secureContext: createSecureContext(trustEverybody) },
  socketPath: { socketPath: '/tmp/there.sock' },
  'a factory and interceptors': { factory: () => unguarded, interceptors: { Client: [], Agent: [] } },
  'session, maxCachedSessions': { session: Buffer.from('session'), maxCachedSessions: 100 },
  'allowH2, pipelining': { allowH2: false, pipelining: 10 },
}

/** Ways to call with one's own options or around the guard's dispatcher. */
const WAYS: Readonly<Record<string, (guard: Guarded, url: string) => Promise<number>>> = {
  ...Object.fromEntries(
    Object.entries(OWN_OPTIONS).map(([title, own]) => [
      `undici.request with ${title}`,
      (guard: Guarded, url: string) => ask(url, { ...own, dispatcher: guard.dispatcher }),
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(OWN_OPTIONS).map(([title, own]) => [
      `pinnedFetch with ${title}`,
      async (guard: Guarded, url: string) => statusOf(await guard.fetch(url, { ...own })),
    ]),
  ),
  'pinnedFetch with another dispatcher': async (guard, url) => {
    const init: object = { dispatcher: unguarded }
    return statusOf(await guard.fetch(url, init))
  },
  "pinnedFetch with undici's Request that has another dispatcher": async (guard, url) => {
    const made: unknown = new UndiciRequest(url, { dispatcher: unguarded })
    return statusOf(await guard.fetch(made as Request))
  },
  "pinnedFetch with Node's own Request that has another dispatcher": async (guard, url) => {
    const init: object = { dispatcher: unguarded }
    return statusOf(await guard.fetch(new Request(url, init)))
  },
  "npm undici's fetch with a Request that has pinnedDispatcher": async (guard, url) =>
    statusOf(await undiciFetch(new UndiciRequest(url, { dispatcher: guard.dispatcher }))),
  'the dns interceptor': (guard, url) => ask(url, { dispatcher: guard.dispatcher.compose(toLoopback()) }),
  'the redirect, retry and dns interceptors': (guard, url) =>
    ask(url, {
      dispatcher: guard.dispatcher.compose(interceptors.redirect(), interceptors.retry(quick), toLoopback()),
    }),
  'the dns, retry and redirect interceptors, composed one by one': (guard, url) =>
    ask(url, {
      dispatcher: guard.dispatcher
        .compose(toLoopback())
        .compose([interceptors.retry(quick)])
        .compose(interceptors.redirect()),
    }),
  'the cache, deduplicate, decompress and responseError interceptors': (guard, url) =>
    ask(url, {
      dispatcher: guard.dispatcher.compose(
        interceptors.cache(),
        interceptors.deduplicate(),
        interceptors.decompress(),
        interceptors.responseError(),
      ),
    }),
  'a RetryAgent around it': (guard, url) => ask(url, { dispatcher: new RetryAgent(guard.dispatcher, quick) }),
  'the method request of a composed dispatcher': async (guard, url) => {
    const composed = guard.dispatcher.compose(interceptors.retry(quick))
    const { origin, pathname } = new URL(url)
    const { statusCode, body } = await composed.request({ origin, path: pathname, method: 'GET' })
    await body.dump()
    return statusCode
  },
  'an Agent whose factory gives it': (guard, url) =>
    ask(url, { dispatcher: new Agent({ factory: () => guard.dispatcher }) }),
}

const quick = { minTimeout: 1, maxTimeout: 1, maxRetries: 2 }

for (const [title, way] of Object.entries(WAYS)) {
  describe(`a call by ${title}`, () => {
    for (const { what, chain, code } of SERVERS) {
      it(`is refused by ${what}`, async (t) => {
        const { server, guard, events } = await scene(t, chain)
        const call = () => way(guard, `https://${HOST}:${server.port}/`)
        await assertRefused(call, { code, server, events })
      })
    }

    it('is answered by the pinned host, under its own name', async (t) => {
      const { server, guard } = await scene(t, presented(leaf, issuing))
      const call = async () => ({ status: await way(guard, `https://${HOST}:${server.port}/`), body: '' })
      await assertAccepted(call, server)
      assert.deepEqual(server.recording.servernames, [HOST])
    })
  })
}

it('an interceptor that sends a call elsewhere has it judged as a call to there', async (t) => {
  const { server, guard, events } = await scene(t, presented(leaf, issuing))
  const elsewhere: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) =>
    dispatch({ ...options, origin: `https://${OTHER}:${server.port}` }, handler)
  const call = () => ask(`https://${HOST}:${server.port}/`, { dispatcher: guard.dispatcher.compose(elsewhere) })
  await assertRefused(call, { code: 'ERR_HOST_NOT_COVERED', server, events })
  assert.equal(server.recording.connections, 0)
})

async function scene(t: TestContext, chain: Parameters<typeof startTlsServer>[0]) {
  const server: TlsServer = await startTlsServer(chain)
  const watched = watchedGuard({ policy, ca: root.certificate })
  t.after(() => Promise.all([watched.guard.close(), server.close()]))
  return { server, ...watched }
}

async function ask(url: string, options: object): Promise<number> {
  const { statusCode, body } = await request(url, options)
  await body.dump()
  return statusCode
}

async function statusOf(response: { readonly status: number; text(): Promise<string> }): Promise<number> {
  await response.text()
  return response.status
}

/** As the system's resolver would answer. */
function toLoopback(): Dispatcher.DispatcherComposeInterceptor {
  const records = [{ address: '127.0.0.1', family: 4, ttl: 60_000 } as const]
  return interceptors.dns({ lookup: (_origin, _options, found) => found(null, records) })
}
