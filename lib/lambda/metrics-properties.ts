/**
 * The searchable properties of an event's log line: who was called, what was seen, what the policy expected.
 *
 * Only the fields listed here are written, each cut to a length, because the peer chooses some of them (the subject of
 * a certificate) and a caller's loop others (the host). No header, body, query string or secret is among them.
 *
 * `host` is not: that is the metrics' dimension, the policy's pattern. The name that was really called is
 * `requestedHost`.
 */

import type { FailureEvidence, PinnedFetchError, PresentedKey } from '../errors.ts'
import type { GuardEvent } from '../events.ts'

/** Severity for Lambda's log-level filter, which takes a line without one for INFO and drops it at WARN. */
const LEVELS = {
  'pin-failure': 'ERROR',
  'pin-report': 'WARN',
  'host-refused': 'ERROR',
  'tls-failure': 'ERROR',
  'backup-pin-matched': 'WARN',
  'policy-refresh-failed': 'ERROR',
  'policy-refreshed': 'INFO',
  'expiry-observed': 'INFO',
  // When all is well; see levelOf.
  'host-probed': 'INFO',
  'rotation-ended': 'INFO',
  'connection-accepted': 'DEBUG',
  warning: 'WARN',
} as const satisfies Record<GuardEvent['type'], string>

/*
 * Lengths in UTF-16 units and entries. With the six bytes that JSON needs for the worst unit (`\u0000`), a line stays
 * under 64 KB; CloudWatch Logs takes 256 KB.
 */
const TEXT_MAX = 256
const MESSAGE_MAX = 2048
/** Longest path that is shown; a verified path is shorter. */
const PRESENTED_MAX = 12
/** Pins shown of one list of the policy. */
const PINS_MAX = 24
/** `sha256/` and 44 characters of base64. */
const PIN_MAX = 51

/** What a line says besides its dimensions and metrics. Everything in it is bounded and JSON. */
export function propertiesOf(event: GuardEvent): Readonly<Record<string, unknown>> {
  return {
    timestamp: new Date().toISOString(),
    level: levelOf(event),
    event: event.type,
    ...('host' in event ? { requestedHost: text(event.host), port: event.port } : {}),
    ...detailsOf(event),
  }
}

function levelOf(event: GuardEvent): string {
  if (event.type === 'host-probed' && event.state !== 'accepted') return 'ERROR'
  if (event.type === 'rotation-ended' && event.outcome === 'refused') return 'ERROR'
  return LEVELS[event.type]
}

function detailsOf(event: GuardEvent): Record<string, unknown> {
  switch (event.type) {
    case 'pin-failure':
    case 'pin-report':
    case 'host-refused':
      return failure(event.error)
    case 'tls-failure':
      return { code: text(event.code) }
    case 'backup-pin-matched':
      return { pin: text(event.pin, PIN_MAX), ...present('pinName', event.name) }
    case 'connection-accepted':
      return { ...present('pin', event.pin), resumed: event.resumed }
    case 'policy-refreshed':
      return {
        source: text(event.source),
        ...present('policyVersion', event.version),
        ...present('stage', event.stage),
        changed: event.changed,
      }
    case 'policy-refresh-failed':
      return { source: text(event.source), code: text(event.code), message: text(event.message, MESSAGE_MAX) }
    case 'warning':
      return { code: text(event.code), message: text(event.message, MESSAGE_MAX) }
    case 'host-probed':
      return {
        state: event.state,
        ...present('code', event.code),
        ...present('pin', event.pin),
        ...present('pinName', event.pinName),
        ...(event.message === undefined ? {} : { message: text(event.message, MESSAGE_MAX) }),
      }
    case 'rotation-ended':
      return {
        outcome: event.outcome,
        policyVersion: text(event.version),
        ...present('code', event.code),
        ...(event.message === undefined ? {} : { message: text(event.message, MESSAGE_MAX) }),
      }
    case 'expiry-observed':
      return {}
  }
}

/** Every field that some code's evidence has; the rest of the evidence is in the message. */
type AnyEvidence = Partial<
  FailureEvidence['ERR_PIN_MISMATCH'] &
    FailureEvidence['ERR_KEY_DENIED'] &
    FailureEvidence['ERR_PATH_NOT_VERIFIED'] &
    FailureEvidence['ERR_PINS_EXPIRED'] &
    FailureEvidence['ERR_HOST_NOT_COVERED']
>

function failure(error: PinnedFetchError): Record<string, unknown> {
  const evidence = error.evidence as AnyEvidence
  return {
    code: error.code,
    ...present('policyVersion', evidence.policyVersion),
    ...present('protocol', evidence.protocol),
    ...present('reason', evidence.reason),
    ...(evidence.presented ? { presented: evidence.presented.slice(0, PRESENTED_MAX).map(presentedKey) } : {}),
    ...pins('expected', evidence.expected),
    ...pins('denied', evidence.denied),
    ...pins('expired', evidence.expired),
    message: text(error.message, MESSAGE_MAX),
  }
}

function presentedKey(key: PresentedKey): PresentedKey {
  return {
    pin: text(key.pin, PIN_MAX),
    subject: text(key.subject),
    role: key.role,
    notAfter: text(key.notAfter, 'YYYY-MM-DDTHH:mm:ss.sssZ'.length),
  }
}

function pins(name: string, list: readonly string[] | undefined): Record<string, unknown> {
  return list ? { [name]: list.slice(0, PINS_MAX).map((pin) => text(pin, PIN_MAX)) } : {}
}

function present(name: string, value: string | undefined): Record<string, unknown> {
  return value === undefined ? {} : { [name]: text(value) }
}

function text(value: string, max = TEXT_MAX): string {
  return value.length <= max ? value : `${value.slice(0, max - 1)}…`
}
