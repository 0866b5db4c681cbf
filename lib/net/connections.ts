/**
 * The open connections of a guard, each with what it proved, so that a new policy, or a date that passes, can be held
 * against them.
 *
 * A connection that is refused on review is retired by its owner: closed when idle, else when its request is done;
 * either way no other request is written to it.
 *
 * Shared state: one instance per guard.
 */

import { type Call, type Evidence, judge, type Rules } from '../judge.ts'
import type { TrustStore } from './trust.ts'

export interface Connection {
  readonly call: Call
  readonly path: Evidence['path']
  /** Takes the connection out of use. Called once. */
  readonly retire: () => void
}

export class Connections {
  readonly #trust: TrustStore
  readonly #open = new Set<Connection>()
  #reviewedRules: Rules | undefined
  /** The earliest instant at which time alone can change a verdict on an open connection. */
  #dueAt = Number.POSITIVE_INFINITY

  constructor(trust: TrustStore) {
    this.#trust = trust
  }

  /** @param changesAt of the verdict that let it pass */
  add(connection: Connection, changesAt: number): void {
    this.#open.add(connection)
    this.#dueAt = Math.min(this.#dueAt, changesAt)
  }

  delete(connection: Connection): void {
    this.#open.delete(connection)
  }

  /** Judges every open connection anew when the rules are others than last time, or a date has passed. */
  review(rules: Rules, now: number): void {
    if (rules === this.#reviewedRules && now < this.#dueAt) return
    this.#reviewedRules = rules
    this.#dueAt = Number.POSITIVE_INFINITY
    const refused: Connection[] = []
    for (const connection of this.#open) {
      const entry = rules.policy.hosts.find(connection.call.host, connection.call.port)
      const trustId = this.#trust.for(entry).set.id
      const verdict = judge(rules, connection.call, { path: connection.path, trustId }, now)
      if (verdict.decision === 'refuse') refused.push(connection)
      else this.#dueAt = Math.min(this.#dueAt, verdict.changesAt)
    }
    for (const connection of refused) {
      this.#open.delete(connection)
      connection.retire()
    }
  }
}

/** What a request ends with that had a connection and nothing written to it when the connection was refused. */
export function connectionRevoked({ host, port }: Call): Error {
  const message = `The connection to "${host}:${port}" was refused by a new policy before the request was written`
  return Object.assign(new Error(message), { code: 'ECONNRESET' })
}
