/**
 * Who follows redirects through the surfaces: `fetch` itself, undici's `redirect` interceptor, and clients on
 * `node:https`, which make one request for each step (axios and got do, by follow-redirects or by themselves).
 */

import { request as httpsRequest } from 'node:https'
import { interceptors, request, fetch as undiciFetch } from 'undici'
import { type Answered, type CallInit, type Guarded, SURFACES, type Surface } from './surfaces.ts'

export interface Follower {
  readonly name: string
  /** Whether it can go to and from `http:`; an https Agent can't. */
  readonly plain: boolean
  follow(guard: Guarded, url: string, init?: CallInit): Promise<Answered>
}

const [pinnedFetch, , , nodeFetch] = SURFACES as [Surface, Surface, Surface, Surface]

export const FOLLOWERS: readonly Follower[] = [
  { name: pinnedFetch.name, plain: true, follow: (...call) => pinnedFetch.call(...call) },
  {
    name: "npm undici's fetch with pinnedDispatcher",
    plain: true,
    async follow(guard, url, init = {}) {
      const response = await undiciFetch(url, { ...init, dispatcher: guard.dispatcher })
      return { status: response.status, body: await response.text() }
    },
  },
  { name: nodeFetch.name, plain: true, follow: (...call) => nodeFetch.call(...call) },
  {
    name: "undici's redirect interceptor on pinnedDispatcher",
    plain: true,
    async follow(guard, url, init = {}) {
      const dispatcher = guard.dispatcher.compose(interceptors.redirect({ maxRedirections: 5 }))
      const method = (init.method ?? 'GET') as 'GET'
      const { statusCode, body } = await request(url, { ...init, method, dispatcher })
      return { status: statusCode, body: await body.text() }
    },
  },
  { name: 'a client on pinnedAgent', plain: false, follow: (guard, url, init) => step(guard, url, init ?? {}, 5) },
]

/** As follow-redirects does it: a request for each step, credentials only within one origin. */
async function step(guard: Guarded, url: string, init: CallInit, left: number): Promise<Answered> {
  const { location, ...answer } = await ask(guard, url, init)
  if (location === undefined || left === 0) return answer
  const next = new URL(location, url)
  const { authorization, cookie, ...others } = init.headers ?? {}
  const headers = next.origin === new URL(url).origin ? (init.headers ?? {}) : others
  return await step(guard, next.href, { ...init, headers }, left - 1)
}

function ask(guard: Guarded, url: string, init: CallInit): Promise<Answered & { location: string | undefined }> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {} } = init
    const outgoing = httpsRequest(url, { method, headers, agent: guard.agent }, (incoming) => {
      let body = ''
      incoming.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
      const { statusCode = 0, headers: received } = incoming
      incoming.on('end', () => resolve({ status: statusCode, body, location: received.location })).on('error', reject)
    })
    outgoing.on('error', reject).end(init.body)
  })
}
