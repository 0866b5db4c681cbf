/**
 * What the guard tells the outside: one union of events, and the CloudWatch metrics made of them.
 *
 * The names and units of metrics are stated here once; the metrics writer, the alarms and the documentation read them
 * from here. Events carry no header, body, query string or secret.
 */

import type { FailureCode, PinnedFetchError } from './errors.ts'

interface CallEvent {
  readonly host: string
  readonly port: number
  /** The policy's pattern that covers the host; `undefined` when none does. */
  readonly pattern: string | undefined
}

export type GuardEvent =
  /** A connection was blocked by a pin, a denied key or an unverified path. */
  | (CallEvent & { readonly type: 'pin-failure'; readonly error: PinnedFetchError })
  /** The same, but mode `report` let it through. Once per {@link REPORT_WINDOW_MS} for the same finding. */
  | (CallEvent & { readonly type: 'pin-report'; readonly error: PinnedFetchError })
  /** An uncovered host, or plain HTTP to a covered one, was refused before any connection was opened. */
  | (CallEvent & { readonly type: 'host-refused'; readonly error: PinnedFetchError })
  /** Node's own verification refused the peer of a covered host. */
  | (CallEvent & { readonly type: 'tls-failure'; readonly code: string })
  /** Only a pin that is not the first of its list matched: a rotation has happened. */
  | (CallEvent & { readonly type: 'backup-pin-matched'; readonly pin: string; readonly name: string | undefined })
  /** First use of a host in this process: how long its pins and its certificates last. */
  | (CallEvent & {
      readonly type: 'expiry-observed'
      readonly daysToPinExpiry: number | undefined
      readonly daysToCertificateExpiry: number
    })
  /** The scheduled probe looked at a host: one handshake, judged as a call would be, nothing sent. */
  | (CallEvent & {
      readonly type: 'host-probed'
      readonly state: ProbeState
      /** Why it is not `accepted`: our code, Node's, or the network's. */
      readonly code: string | undefined
      readonly message: string | undefined
      /** The pin that matched, and what the policy calls it. */
      readonly pin: string | undefined
      readonly pinName: string | undefined
      /** Only a pin that is not the first of its list matched: the host has changed its key. */
      readonly isDrifted: boolean
      /** Pins of the entry that no verified path of the host holds: its backups. Unset: nothing verified was seen. */
      readonly unseenPins: number | undefined
      readonly daysToPinExpiry: number | undefined
      readonly daysToCertificateExpiry: number | undefined
      /** Until the entry's own `expires`; negative after it. */
      readonly daysToEntryExpiry: number | undefined
    })
  /** The rotation function ended: a candidate was promoted, or refused. */
  | {
      readonly type: 'rotation-ended'
      readonly outcome: 'promoted' | 'refused'
      readonly version: string
      readonly code: string | undefined
      readonly message: string | undefined
    }
  /** A connection passed. Not a metric; for observers that count or draw. */
  | (CallEvent & { readonly type: 'connection-accepted'; readonly pin: string | undefined; readonly resumed: boolean })
  | {
      readonly type: 'policy-refreshed'
      readonly source: string
      readonly version: string | undefined
      /** The stage that was asked for; `AWSCURRENT` for Secrets Manager. */
      readonly stage: string | undefined
      /** Whether the document differs from the one in use before. */
      readonly changed: boolean
      /** Age of the policy that this load replaced or confirmed, in seconds; 0 for the first. */
      readonly ageSeconds: number
    }
  | {
      readonly type: 'policy-refresh-failed'
      readonly source: string
      readonly code: string
      readonly message: string
      /** Age of the policy that serves on, in seconds; `undefined` when there is none. */
      readonly ageSeconds: number | undefined
    }
  /** Something the owner should know: a lint finding, an environment that weakens TLS, ignored proxy variables. */
  | { readonly type: 'warning'; readonly code: string; readonly message: string }

/** `reported`: mode `report` would let it through. `unreachable`: no handshake ended, so nothing is known. */
export type ProbeState = 'accepted' | 'reported' | 'refused' | 'unreachable'

/** Receives every event. What it throws, and how long it takes, never touches a call. */
export type Observer = (event: GuardEvent) => unknown

/** A finding in mode `report` is told once per this many milliseconds and host, code and presented leaf key. */
export const REPORT_WINDOW_MS = 60_000

/** The namespace of the metrics unless the user names another. */
export const METRIC_NAMESPACE = 'PinnedFetch'

/** Dimension names. `host` is always the policy's pattern, so no attacker and no loop can create dimensions. */
export const METRIC_DIMENSIONS = { service: 'service', host: 'host' } as const

export type MetricUnit = 'Count' | 'Seconds'

/** Every metric and its unit: all that the writer needs. */
export const METRIC_UNITS = {
  PinFailure: 'Count',
  PinReportOnlyFailure: 'Count',
  HostRefused: 'Count',
  TlsFailure: 'Count',
  BackupPinMatched: 'Count',
  PolicyRefresh: 'Count',
  PolicyRefreshFailure: 'Count',
  PolicyAge: 'Seconds',
  DaysToPinExpiry: 'Count',
  DaysToCertificateExpiry: 'Count',
  DaysToEntryExpiry: 'Count',
  ProbeRefused: 'Count',
  ProbeUnreachable: 'Count',
  PinDrift: 'Count',
  UnseenPins: 'Count',
  RotationPromoted: 'Count',
  RotationRefused: 'Count',
} as const satisfies Record<string, MetricUnit>

export type MetricName = keyof typeof METRIC_UNITS

const OCCASIONS: { readonly [Name in MetricName]: string } = {
  PinFailure: 'a call was blocked by a pin',
  PinReportOnlyFailure: 'a call would have been blocked; mode "report" let it through',
  HostRefused: 'an uncovered host or plain HTTP was refused',
  TlsFailure: "Node's own verification refused the peer of a covered host",
  BackupPinMatched: 'only a pin that is not the first of its list matched',
  PolicyRefresh: 'a load of the policy worked',
  PolicyRefreshFailure: 'a load of the policy failed; the last good one still serves',
  PolicyAge: 'at each refresh: the age of the policy in use',
  DaysToPinExpiry: 'first use of a host, and probe: days until its last pin expires',
  DaysToCertificateExpiry: 'first use of a host, and probe: days until its path expires',
  DaysToEntryExpiry: 'probe: days until the entry of a host expires; negative after it',
  ProbeRefused: 'probe: 1 when a call to the host would be refused, else 0',
  ProbeUnreachable: 'probe: 1 when the host could not be asked, else 0',
  PinDrift: 'probe: 1 when only a backup pin matches, else 0',
  UnseenPins: 'probe: pins of the host that it did not show, its backups; 0: there is none',
  RotationPromoted: 'the rotation function made a candidate current',
  RotationRefused: 'the rotation function refused a candidate; the current policy serves on',
}

type DescribedMetrics = {
  readonly [Name in MetricName]: { readonly unit: (typeof METRIC_UNITS)[Name]; readonly when: string }
}

/**
 * Every metric, its unit, and when it is written: for alarms, dashboards and documentation. Marked as pure, so that the
 * bundle of a handler that never asks leaves the prose out.
 */
export const METRICS = /* @__PURE__ */ Object.fromEntries(
  /* @__PURE__ */ Object.entries(METRIC_UNITS).map(([name, unit]) => [
    name,
    { unit, when: OCCASIONS[name as MetricName] },
  ]),
) as DescribedMetrics

/** Codes that count as `HostRefused` rather than `PinFailure`. */
export const HOST_REFUSALS: ReadonlySet<FailureCode> = new Set(['ERR_HOST_NOT_COVERED', 'ERR_PLAINTEXT_REFUSED'])
