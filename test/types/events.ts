/** Checked by tsc alone: an observer can tell every event, and notices when one is added. */

import type { GuardEvent, MetricName, Observer } from 'pinned-fetch'
import { METRICS } from 'pinned-fetch'

/** No default: a new event breaks the build here, as it would a user's. */
export function told(event: GuardEvent): string {
  switch (event.type) {
    case 'pin-failure':
    case 'pin-report':
    case 'host-refused':
      return `${event.host}:${event.port} ${event.pattern ?? 'uncovered'} ${event.error.code}`
    case 'tls-failure':
      return event.code
    case 'backup-pin-matched':
      return `${event.pin} ${event.name ?? 'unnamed'}`
    case 'expiry-observed':
      return String((event.daysToPinExpiry ?? 0) + event.daysToCertificateExpiry)
    case 'host-probed':
      return `${event.state} ${event.pin ?? 'none'} ${event.isDrifted} ${(event.unseenPins ?? 0) + 1}`
    case 'rotation-ended':
      return `${event.outcome} ${event.version}`
    case 'connection-accepted':
      return `${event.pin ?? 'not pinned'} ${event.resumed}`
    case 'policy-refreshed':
      return `${event.source} ${event.version ?? ''} ${event.stage ?? ''} ${event.changed} ${event.ageSeconds}`
    case 'policy-refresh-failed':
      return `${event.source} ${event.code} ${event.message} ${event.ageSeconds ?? 'none'}`
    case 'warning':
      return `${event.code} ${event.message}`
  }
}

/** One event forgotten, and the function may end without a result. */
// @ts-expect-error not every event is told
export function toldInPart(event: GuardEvent): string {
  switch (event.type) {
    case 'pin-failure':
      return event.error.message
  }
}

export function misread(event: GuardEvent): unknown {
  // @ts-expect-error not every event is about a host
  if (event.host) return 'a host'
  // @ts-expect-error no such event
  if (event.type === 'pin-failed') return event
  // @ts-expect-error a policy event carries no error
  return event.type === 'policy-refreshed' && event.error
}

export const synchronous: Observer = (event) => console.log(told(event))
export const asynchronous: Observer = async (event) => told(event)

export const unit: 'Count' = METRICS.PinFailure.unit
export const names = Object.keys(METRICS) as readonly MetricName[]
