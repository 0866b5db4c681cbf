/**
 * What a run tells beside its metrics: what is wrong with the policy, and what is about to be. A log line each, and never more
 * than a few: a policy of a thousand hosts with one mistake in each is told once.
 */

import type { Observer } from '../../lib/events.ts'
import type { Policy } from '../../lib/policy/document.ts'
import { lintPolicy } from '../../lib/policy/lint.ts'
import { type CheckFinding, findingsOf } from '../../lib/watch/finding.ts'
import type { HostCheck } from '../../lib/watch/host-check.ts'

export interface Warning {
  readonly code: string
  readonly message: string
}

export interface Told {
  readonly policy: Policy
  readonly source: string
  readonly checks: readonly HostCheck[]
  /** Patterns that no host was looked at for. */
  readonly unseen: readonly string[]
  readonly others: readonly Warning[]
}

const MAX_WARNINGS = 50

/** Patterns named in one line. */
const MAX_PATTERNS = 10

/** Days. A certificate that is renewed by a machine is renewed well before; the alarm has a threshold of its own. */
const WARN_DAYS = 14

/** The others are the metrics of their host already, or lint tells them with their place in the document. */
const TOLD: ReadonlySet<CheckFinding['code']> = new Set(['backup-matched', 'no-unseen-backup', 'certificate-ends-soon'])

export function tellWarnings(told: Told, now: number, observe: Observer): void {
  const all = [...told.others, ...unseenWarnings(told), ...lookWarnings(told), ...lintWarnings(told, now)]
  for (const warning of all.slice(0, MAX_WARNINGS)) observe({ type: 'warning', ...warning })
  const left = all.length - MAX_WARNINGS
  if (left <= 0) return
  const message = `${left} more are not told: pinned-fetch lint and pinned-fetch check list all for ${told.source}`
  observe({ type: 'warning', code: 'probe-more-warnings', message })
}

function unseenWarnings({ unseen, checks }: Told): Warning[] {
  if (unseen.length === 0) return []
  const some = unseen.slice(0, MAX_PATTERNS).map((pattern) => `"${pattern}"`)
  const more = unseen.length > MAX_PATTERNS ? ` and ${unseen.length - MAX_PATTERNS} more` : ''
  const what = checks.length === 0 ? 'no host at all was looked at; not for' : 'no host was looked at for'
  const message = `${what} ${some.join(', ')}${more}: name hosts that they cover in PINNED_FETCH_PROBE_HOSTS`
  return [{ code: checks.length === 0 ? 'probe-saw-nothing' : 'probe-unseen-patterns', message }]
}

function lookWarnings({ checks }: Told): Warning[] {
  const findings = checks.flatMap((check) => findingsOf(check, WARN_DAYS)).filter(({ code }) => TOLD.has(code))
  return findings.map(({ code, place, message }) => ({ code, message: `${place}: ${message}` }))
}

function lintWarnings({ policy }: Told, now: number): Warning[] {
  const findings = lintPolicy(policy, now).filter(({ severity }) => severity === 'warning')
  return findings.map(({ code, path, message }) => ({ code, message: `${path} ${message}` }))
}
