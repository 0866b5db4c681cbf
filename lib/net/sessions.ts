/**
 * TLS sessions, each kept together with the path that its first handshake proved.
 *
 * Node checks no identity on a resumed session and shows no certificate on it, so whoever resumes must remember what
 * was proved. A session is offered only while that proof passes the rules of now, to the same host, port and trust
 * set; the session of a refused connection never gets here.
 *
 * Shared state: one instance per guard.
 */

import type { VerifiedPaths } from '../x509/path.ts'

/** Sessions kept; undici keeps 100 as well. The least recently stored goes first. */
const MAX_SESSIONS = 100

/** What a session may be offered to. */
export interface SessionPlace {
  readonly host: string
  readonly port: number
  /** `id` of the trust set. */
  readonly trustId: string
}

export interface KnownSession {
  readonly ticket: Buffer
  readonly proof: VerifiedPaths
}

export class SessionCache {
  readonly #sessions = new Map<string, KnownSession>()

  get(place: SessionPlace): KnownSession | undefined {
    return this.#sessions.get(keyOf(place))
  }

  set(place: SessionPlace, session: KnownSession): void {
    const key = keyOf(place)
    this.#sessions.delete(key)
    if (this.#sessions.size >= MAX_SESSIONS) {
      const oldest = this.#sessions.keys().next()
      if (!oldest.done) this.#sessions.delete(oldest.value)
    }
    this.#sessions.set(key, session)
  }

  delete(place: SessionPlace): void {
    this.#sessions.delete(keyOf(place))
  }

  clear(): void {
    this.#sessions.clear()
  }
}

function keyOf({ host, port, trustId }: SessionPlace): string {
  return `${trustId} ${port} ${host}`
}
