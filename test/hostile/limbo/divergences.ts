/**
 * Cases that we answer otherwise than their authors expect, each under the reason that makes it right for us. One list
 * for both ways of asking: `verifyPath` alone (test/x509/path-limbo.test.ts), and the guard over TLS, where Node's own
 * verification comes first.
 */

import { readFileSync } from 'node:fs'

export type Result = 'accepted' | 'refused'

/** Who answers so. Over TLS, Node refuses some that `verifyPath` would accept, and the other way round. */
export type Asked = 'verifyPath' | 'guard'

interface Group {
  readonly expected: Result
  readonly got: Result
  readonly askedOf: readonly Asked[]
  readonly reason: string
  readonly cases: readonly string[]
}

export interface Known {
  readonly id: string
  readonly expected: Result
  readonly got: Result
  readonly reason: string
}

export const GROUPS = JSON.parse(readFileSync(new URL('divergences.json', import.meta.url), 'utf8')) as readonly Group[]

/** What `asked` is known to answer otherwise than expected, by the case's id. */
export function knownDivergences(asked: Asked): ReadonlyMap<string, Known> {
  const known = GROUPS.filter(({ askedOf }) => askedOf.includes(asked)).flatMap(({ cases, ...group }) =>
    cases.map((id): [string, Known] => [id, { id, ...group }]),
  )
  return new Map(known)
}

interface Answered {
  readonly id: string
  readonly expected: Result
  readonly got: Result
}

/** Every difference between the list and the answers: a divergence that is not listed, and one that is no longer true. */
export function listErrors(asked: Asked, answers: readonly Answered[]): string[] {
  const known = knownDivergences(asked)
  return answers.flatMap(({ id, expected, got }) => {
    const listed = known.get(id)
    if (listed === undefined) return expected === got ? [] : [`${id} is ${got}, ${expected} expected, and not listed`]
    const isTrue = listed.expected === expected && listed.got === got
    return isTrue ? [] : [`${id} is listed as ${listed.got}, and is ${got} now (${expected} expected)`]
  })
}
