/**
 * Every way in which a text may become the host of a call: in a URL, on each surface, and where there never was a URL.
 *
 * `written` says what the text means there: undefined where nothing may be called at all.
 */

import { request as httpsRequest } from 'node:https'
import { request as undiciRequest } from 'undici'
import { canonicalHost } from '../../../lib/policy/host.ts'
import { type Answered, type Guarded, SURFACES } from '../../attacks/surfaces.ts'
import { hostInUrl } from './reading.ts'

export interface Way {
  readonly name: string
  /** An address that is called beside the text; if it has an entry of its own, it keeps it against an uncovered name. */
  readonly address?: string
  /** The host that is called. */
  meaning(text: string, port: number): string | undefined
  call(guard: Guarded, text: string, port: number): Promise<Answered>
}

const inUrl: readonly Way[] = SURFACES.map(({ name, call }) => ({
  name: `a URL through ${name}`,
  meaning: meaningInUrl,
  call: (guard, text, port) => call(guard, `https://${text}:${port}/quotes`),
}))

const besides: readonly Way[] = [
  {
    name: 'the option "host" of https.request',
    meaning: canonicalHost,
    call: (guard, text, port) => byAgent({ host: text, port }, guard),
  },
  {
    name: 'the option "hostname" of https.request, beside another host',
    // An empty `hostname` is none, and then `host` speaks.
    meaning: (text) => canonicalHost(text === '' ? 'elsewhere.test' : text),
    call: (guard, text, port) => byAgent({ hostname: text, host: 'elsewhere.test', port }, guard),
  },
  {
    name: 'the origin of undici.request',
    meaning: meaningInUrl,
    call: (guard, text, port) => byDispatcher({ origin: `https://${text}:${port}` }, guard),
  },
  {
    name: 'the option "servername" beside an address, as the dns interceptor sets it',
    address: '127.0.0.1',
    meaning: (text) => canonicalHost(text === '' ? '127.0.0.1' : text),
    call: (guard, text, port) => byDispatcher({ origin: `https://127.0.0.1:${port}`, servername: text }, guard),
  },
]

export const WAYS: readonly Way[] = [...inUrl, ...besides]

/** A URL may call another port, or hold a user's name, which fetch refuses: then there is nothing to compare. */
function meaningInUrl(text: string, port: number): string | undefined {
  const url = URL.parse(`https://${text}:${port}/quotes`)
  if (url === null || url.port !== String(port) || url.pathname !== '/quotes' || url.username + url.password !== '') {
    return undefined
  }
  return hostInUrl(`${text}:${port}`)
}

function byAgent(place: object, { agent }: Guarded): Promise<Answered> {
  return new Promise((resolve, reject) => {
    // Node would make a header of the host, and refuse some for that alone.
    const outgoing = httpsRequest({ ...place, path: '/quotes', agent, setHost: false }, (incoming) => {
      incoming.resume().on('end', () => resolve({ status: incoming.statusCode ?? 0, body: '' }))
    })
    outgoing.on('error', reject).setHeader('host', 'named.test').end()
  })
}

async function byDispatcher(
  { origin, ...rest }: { origin: string; servername?: string },
  { dispatcher }: Guarded,
): Promise<Answered> {
  const { statusCode, body } = await undiciRequest({ origin, pathname: '/quotes' } as unknown as URL, {
    ...rest,
    dispatcher,
  })
  return { status: statusCode, body: await body.text() }
}
