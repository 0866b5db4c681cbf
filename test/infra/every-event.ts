/**
 * One event of every kind, and the metrics that the real writer makes of events: what an alarm or a graph may wait for.
 */

import { PinnedFetchError } from '../../lib/errors.ts'
import type { GuardEvent } from '../../lib/events.ts'
import { metricsObserver } from '../../lib/lambda/metrics.ts'
import { captureStdout, type Line } from '../lambda/metrics-lines.ts'

type EventOf<Type extends GuardEvent['type']> = Extract<GuardEvent, { type: Type }>

const call = { host: 'api.partner.example', port: 443, pattern: '*.partner.example' }

const error = new PinnedFetchError('ERR_PIN_MISMATCH', {
  ...{ host: call.host, port: call.port, policyVersion: 'a1b2', pattern: call.pattern },
  presented: [],
  expected: [],
})

/** Typed by kind, so that a new kind of event does not compile before it is here. */
export const EVERY_EVENT: { readonly [Type in GuardEvent['type']]: EventOf<Type> } = {
  'pin-failure': { ...call, type: 'pin-failure', error },
  'pin-report': { ...call, type: 'pin-report', error },
  'host-refused': { ...call, type: 'host-refused', error },
  'tls-failure': { ...call, type: 'tls-failure', code: 'CERT_HAS_EXPIRED' },
  'backup-pin-matched': { ...call, type: 'backup-pin-matched', pin: 'sha256/x', name: 'next' },
  'expiry-observed': { ...call, type: 'expiry-observed', daysToPinExpiry: 90, daysToCertificateExpiry: 60 },
  'host-probed': {
    ...call,
    type: 'host-probed',
    state: 'accepted',
    code: undefined,
    message: undefined,
    pin: 'sha256/x',
    pinName: 'current',
    isDrifted: false,
    unseenPins: 1,
    daysToPinExpiry: 90,
    daysToCertificateExpiry: 60,
    daysToEntryExpiry: 90,
  },
  'rotation-ended': {
    type: 'rotation-ended',
    outcome: 'refused',
    version: 'v2',
    code: 'ERR_PIN_MISMATCH',
    message: 'no',
  },
  'connection-accepted': { ...call, type: 'connection-accepted', pin: 'sha256/x', resumed: false },
  'policy-refreshed': {
    ...{ type: 'policy-refreshed', source: 'secret', version: 'v1', stage: 'AWSCURRENT' },
    changed: false,
    ageSeconds: 300,
  },
  'policy-refresh-failed': {
    ...{ type: 'policy-refresh-failed', source: 'secret', code: 'AccessDenied', message: 'no' },
    ageSeconds: 4000,
  },
  warning: { type: 'warning', code: 'X', message: 'x' },
}

/** The same call, seen differently. */
export function probed(seen: Partial<EventOf<'host-probed'>>): EventOf<'host-probed'> {
  return { ...EVERY_EVENT['host-probed'], ...seen }
}

/** One number under one set of dimensions, as CloudWatch stores it. */
export interface Datum {
  readonly namespace: string
  readonly metric: string
  readonly unit: string
  readonly dimensions: Readonly<Record<string, string>>
  readonly value: number
}

/** What CloudWatch makes of the lines that the real observer of a function writes for these events. */
export function dataOf(events: readonly GuardEvent[], service: string): Datum[] {
  const observe = metricsObserver({ service })
  const lines: Line[] = captureStdout(() => events.forEach(observe)).map((line) => JSON.parse(line))
  return lines.flatMap((line) => {
    const directive = line._aws?.CloudWatchMetrics[0]
    if (directive === undefined) return []
    return directive.Dimensions.flatMap((names) =>
      directive.Metrics.map(({ Name, Unit }) => ({
        namespace: directive.Namespace,
        metric: Name,
        unit: Unit,
        dimensions: Object.fromEntries(names.map((name) => [name, String(line[name])])),
        value: Number(line[Name]),
      })),
    )
  })
}

/** The promotion that {@link EVERY_EVENT} has no room for. */
export const ALL_EVENTS: readonly GuardEvent[] = [
  ...Object.values(EVERY_EVENT),
  { ...EVERY_EVENT['rotation-ended'], outcome: 'promoted' },
]
