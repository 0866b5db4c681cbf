/**
 * The checks in their order, the deepest cause first: what fails early makes what comes later fail as well.
 */

import { checkChain } from './checks/chain.ts'
import { checkClock } from './checks/clock.ts'
import { checkExpiry } from './checks/expiry.ts'
import { checkHostName } from './checks/host-name.ts'
import { checkNameResolution } from './checks/name-resolution.ts'
import { checkPolicy } from './checks/policy.ts'
import { checkProxy } from './checks/proxy.ts'
import { checkRevocation } from './checks/revocation.ts'
import { checkSecret } from './checks/secret.ts'
import { checkTcp } from './checks/tcp.ts'
import { checkTls } from './checks/tls.ts'
import { checkTrust } from './checks/trust.ts'
import type { Facts } from './facts.ts'
import type { Check, Finding } from './finding.ts'

const CHECKS: readonly (readonly [name: string, check: Check])[] = [
  ['dns', checkNameResolution],
  ['tcp', checkTcp],
  ['proxy', checkProxy],
  ['tls', checkTls],
  ['clock', checkClock],
  ['expiry', checkExpiry],
  ['chain', checkChain],
  ['trust', checkTrust],
  ['host name', checkHostName],
  ['revocation', checkRevocation],
  ['secret', checkSecret],
  ['pins', checkPolicy],
]

export interface NamedFinding extends Finding {
  readonly check: string
}

export interface Diagnosis {
  readonly findings: readonly NamedFinding[]
  /** The first that fails. */
  readonly cause: NamedFinding | undefined
}

export function diagnose(facts: Facts): Diagnosis {
  const findings = CHECKS.map(([check, examine]) => ({ check, ...examine(facts) }))
  return { findings, cause: findings.find(({ state }) => state === 'fail') }
}
