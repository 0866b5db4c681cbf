/**
 * Remembers verified paths, so that a host's second handshake costs a hash instead of signatures.
 *
 * What is remembered is the answer to one exact question: these bytes, this host, this trust set. It is forgotten when
 * any certificate of the answer begins or ends, so time can't make it wrong. Failures are not remembered.
 *
 * Shared state: one instance per guard; it only ever holds what {@link verifyPath} returned.
 */

import { createHash, type X509Certificate } from 'node:crypto'
import { type PathRequest, type PathResult, type VerifiedPaths, verifyPath } from './path.ts'

/** Answers kept. A function calls tens of hosts, each with one or two chains; the oldest goes first. */
const MAX_REMEMBERED = 256

export class PathMemory {
  readonly #answers = new Map<string, VerifiedPaths>()

  /** {@link verifyPath}, or its earlier answer to the same question. */
  verify(presented: readonly X509Certificate[], request: PathRequest): PathResult {
    const key = questionKey(presented, request)
    const remembered = this.#answers.get(key)
    if (remembered !== undefined) {
      this.#answers.delete(key)
      if (isCurrent(remembered, request.now)) {
        this.#answers.set(key, remembered)
        return { verified: remembered }
      }
    }
    const result = verifyPath(presented, request)
    if (result.verified !== undefined) this.#remember(key, result.verified)
    return result
  }

  #remember(key: string, verified: VerifiedPaths): void {
    if (this.#answers.size >= MAX_REMEMBERED) {
      const oldest = this.#answers.keys().next()
      if (!oldest.done) this.#answers.delete(oldest.value)
    }
    this.#answers.set(key, verified)
  }
}

/** Whether the same question would find the same paths: none has ended, none has begun. */
function isCurrent({ paths, completeUntil }: VerifiedPaths, now: number): boolean {
  return now < completeUntil && paths.every(({ validFrom, validUntil }) => validFrom <= now && now <= validUntil)
}

function questionKey(presented: readonly X509Certificate[], { host, trust }: PathRequest): string {
  const digest = createHash('sha256').update(`${host}\0${trust.id}\0`)
  // DER carries its own length, so concatenation is unambiguous.
  for (const certificate of presented) digest.update(certificate.raw)
  return digest.digest('base64')
}
