/**
 * Which cases of x509-limbo and BetterTLS can be served over TLS, at what time, and why the others can't.
 *
 * A case that carries the leaf's key and says which host a client expects is served. Reading the files is
 * test/x509/limbo.ts, which puts the same cases to `verifyPath` alone.
 */

import { isIP } from 'node:net'
import { isBetterTls, type LimboCase, readCases } from '../../x509/limbo.ts'
import type { SuiteResult } from '../suite-result.ts'

export interface ServedCase extends LimboCase {
  readonly peer_certificate_key: string
  readonly expected_peer_name: { readonly kind: string; readonly value: string }
  readonly features: readonly string[]
  /** Else by `pinnedAgent` alone. */
  readonly onAllSurfaces: boolean
}

export interface Suite {
  readonly name: 'x509-limbo over TLS' | 'BetterTLS over TLS'
  readonly source: string
  readonly file: string
  readonly belongs: (limbo: LimboCase) => boolean
  /** Every case is asked by `pinnedAgent`, every so many-th by the other surfaces as well. */
  readonly allSurfacesEvery: number
}

export const LIMBO: Suite = {
  name: 'x509-limbo over TLS',
  source: 'C2SP/x509-limbo',
  file: 'limbo.json.gz',
  belongs: (limbo) => !isBetterTls(limbo),
  allSurfacesEvery: 1,
}

export const BETTER_TLS: Suite = {
  name: 'BetterTLS over TLS',
  source: 'Netflix BetterTLS, as x509-limbo cases',
  file: 'limbo-bettertls.json.gz',
  belongs: isBetterTls,
  allSurfacesEvery: 50,
}

export const SUITES: readonly Suite[] = [LIMBO, BETTER_TLS]

/** BetterTLS is made to be run at the real clock. Where that is outside its certificates' validity, it is set. */
const BETTER_TLS_BEGIN = Date.parse('2026-11-24T00:00:00Z')
const BETTER_TLS_END = Date.parse('2027-11-24T00:00:00Z')
const BETTER_TLS_TIME = '2026-12-01T00:00:00+00:00'

/** The one address of loopback that every surface can dial; another is looked up, which only the agent can be made to do. */
export const LOOPBACK = '127.0.0.1'

type AnyCase = LimboCase & Partial<Pick<ServedCase, 'peer_certificate_key'>>
type Servable = Omit<ServedCase, 'onAllSurfaces'>

/** Why a case can't be put to a TLS client on this side, or undefined when it can. */
function obstacle({ peer_certificate_key, validation_kind, expected_peer_name }: AnyCase): string | undefined {
  if (!peer_certificate_key) return 'the case carries no key for its leaf, so no server can prove it holds it'
  if (validation_kind !== 'SERVER') return 'the case verifies the certificate of a client; the guard verifies servers'
  if (expected_peer_name === null) return 'the leaf names no host, only a directory name, so no URL reaches it'
  return undefined
}

export function servedCases({ file, belongs, allSurfacesEvery }: Suite): ServedCase[] {
  return readCases(file)
    .filter((limbo): limbo is AnyCase & Servable => belongs(limbo) && obstacle(limbo) === undefined)
    .map((limbo, position) => {
      const { value } = limbo.expected_peer_name
      const inReach = isIP(value) === 0 || value === LOOPBACK
      return { ...limbo, onAllSurfaces: inReach && position % allSurfacesEvery === 0 }
    })
}

export function notTried({ file, belongs }: Suite): NonNullable<SuiteResult['notTried']> {
  const reasons = readCases(file)
    .filter(belongs)
    .flatMap((limbo) => obstacle(limbo) ?? [])
  return [...new Set(reasons)].map((reason) => ({ cases: reasons.filter((other) => other === reason).length, reason }))
}

/** The instant that a case is about, with fractions of a second; undefined: any, so the real clock. */
export function instantOf(limbo: ServedCase): string | undefined {
  return isBetterTls(limbo) ? betterTlsInstant() : (limbo.validation_time ?? undefined)
}

/** {@link instantOf} every case of BetterTLS. */
export function betterTlsInstant(): string | undefined {
  const isValidNow = Date.now() >= BETTER_TLS_BEGIN && Date.now() < BETTER_TLS_END
  return isValidNow ? undefined : BETTER_TLS_TIME
}

/** Whether the case was made to cost a verifier more than it can afford. */
export function isPathological({ id, features }: ServedCase): boolean {
  return id.startsWith('pathological::') || features.includes('denial-of-service')
}
