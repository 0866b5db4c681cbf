/**
 * One audit: the policy, what its hosts show, all that is to be said about both, and what has changed since the last.
 * It is data with every date as text; `--json` prints it, the next audit reads it, and the documents are drawn from it.
 */

import { formatInstant } from '../../policy/instant.ts'
import { lintPolicy } from '../../policy/lint.ts'
import { pathOfHost } from '../../policy/malformed.ts'
import type { HostCheck } from '../../watch/host-check.ts'
import type { Inspection } from '../check/inspection.ts'

/** Another shape of {@link Audit} gets another number, and an older one is then refused as `--since`. */
export const AUDIT_FORMAT = 'pinned-fetch audit 1'

export interface AuditFinding {
  readonly severity: 'error' | 'warning' | 'info'
  readonly code: string
  /** A host, or a path into the policy. */
  readonly place: string
  readonly message: string
}

export interface AuditChange {
  readonly kind: 'policy' | 'host' | 'verdict' | 'key' | 'certificate' | 'pin' | 'finding'
  /** A host, a path into the policy, or `policy`. */
  readonly place: string
  readonly message: string
}

export interface Audit {
  readonly format: typeof AUDIT_FORMAT
  /** When the hosts were looked at. */
  readonly at: string
  /** What ends in fewer days was warned of. */
  readonly warnDays: number
  readonly policy: {
    readonly name: string
    readonly version?: string
    readonly serial?: number
    readonly default: 'deny' | 'report' | 'allow'
    readonly entries: number
    readonly denied: number
    readonly isSigned: boolean
  }
  readonly hosts: readonly HostCheck[]
  /** The worst first. */
  readonly findings: readonly AuditFinding[]
  /** Patterns that no host was looked at for. */
  readonly unchecked: readonly string[]
  /** Unset: there was no audit to compare with. */
  readonly since?: { readonly at: string; readonly changes: readonly AuditChange[] }
}

const SEVERITIES = ['error', 'warning', 'info'] as const

export function auditOf({ at, warnDays, found, hosts, findings, unchecked }: Inspection): Audit {
  const { name, version, policy, isSigned } = found
  const looked = hosts.flatMap(({ pattern }) => (pattern === undefined ? [] : [pathOfHost('hosts', pattern)]))
  const linted = lintPolicy(policy, at)
    // Of an entry that was looked at, the look tells the pins that end.
    .filter(({ code, path }) => code !== 'pin-expires-soon' || !looked.some((start) => path.startsWith(start)))
    .map(({ severity, code, path, message }) => ({ severity, code, place: path, message }))
  const all: readonly AuditFinding[] = [...findings, ...linted]
  return {
    format: AUDIT_FORMAT,
    at: formatInstant(at),
    warnDays,
    policy: {
      name,
      ...(version === undefined ? {} : { version }),
      ...(policy.serial === undefined ? {} : { serial: policy.serial }),
      default: policy.default,
      entries: policy.hosts.size,
      denied: policy.deny.size,
      isSigned,
    },
    hosts,
    findings: SEVERITIES.flatMap((severity) => all.filter((finding) => finding.severity === severity)),
    unchecked,
  }
}
