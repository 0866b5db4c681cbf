/**
 * Every alarm in words: what it watches, whom it calls, what has happened, what to do first, and which runbook goes on.
 * No CDK in it, so that the documentation and its tests can read it; infra/alarms.ts makes resources of it.
 *
 * - `page`: somebody is woken. Calls are refused now, or will be at the next one, or somebody may be listening.
 * - `ticket`: somebody looks on the next working day. Calls pass, and have a reserve.
 * - `sensor`: calls nobody by itself. Composite alarms are made of its state, and the dashboard shows it.
 */

import type { MetricName } from '../lib/events.ts'

/** Unless `runbookBaseUrl` says otherwise. */
export const RUNBOOK_BASE_URL = 'https://github.com/pinned-fetch/pinned-fetch/blob/main/docs/runbooks'

export const RUNBOOKS = [
  'pin-failure',
  'planned-rotation',
  'emergency-rotation',
  'break-glass',
  'lost-backup-key',
  'bad-secret',
  'suspected-interception',
] as const

export type Runbook = (typeof RUNBOOKS)[number]

export type Severity = 'page' | 'ticket' | 'sensor'

export interface AlarmEntry {
  readonly severity: Severity
  /** Of the guard's metrics those that it watches; those of a composite alarm are its sensors'. */
  readonly metrics: readonly MetricName[]
  /** Only with this function deployed. */
  readonly needs?: 'probe' | 'rotation' | 'functions'
  readonly happened: string
  readonly first: string
  readonly runbook: Runbook
}

export const ALARMS = {
  SomebodyInTheMiddle: {
    severity: 'page',
    metrics: ['PinFailure', 'TlsFailure', 'ProbeRefused', 'ProbeUnreachable'],
    happened:
      'SOMEBODY MAY BE IN THE MIDDLE: calls are refused while the probe, from its own place, is accepted by the same ' +
      'hosts; or calls meet wrong keys and invalid certificates at the same time',
    first:
      'Nothing was sent. Keep the policy as it is: no report mode, no new pin. Keep the log lines "pin-failure" and ' +
      '"tls-failure" ("presented" is the evidence). Ask the owner of the host by telephone, and look what changed on ' +
      'our way out: proxy, firewall, DNS, NODE_EXTRA_CA_CERTS, layers.',
    runbook: 'suspected-interception',
  },
  CallsRefused: {
    severity: 'page',
    metrics: ['PinFailure', 'TlsFailure'],
    happened: 'CALLS ARE REFUSED: a host shows a key that is not pinned, or a certificate that is not valid',
    first:
      'See the alarm ProbeRefused. In ALARM: the host shows it to everybody, most likely an unannounced rotation; ask ' +
      'its owner by another channel, and only then add the pin. Otherwise treat it as an interception. "presented" of ' +
      'the log lines "pin-failure" are the keys that were shown, "expected" the pins.',
    runbook: 'pin-failure',
  },
  CallsWouldBeRefused: {
    severity: 'page',
    metrics: ['ProbeRefused'],
    needs: 'probe',
    happened:
      'CALLS WOULD BE REFUSED: the probe met a host whose key or certificate the policy refuses; no call has yet',
    first:
      'Find the log line "host-probed" with "state":"refused": "host", "code" and "message" say what was ' +
      'shown. Ask the owner of the host whether this key is theirs, by another channel, before any pin is added. ' +
      'Afterwards invoke the probe: this alarm ends with its next good answer.',
    runbook: 'emergency-rotation',
  },
  PinsWillBreak: {
    severity: 'ticket',
    metrics: [
      'BackupPinMatched',
      'PinDrift',
      'UnseenPins',
      'DaysToPinExpiry',
      'DaysToCertificateExpiry',
      'DaysToEntryExpiry',
    ],
    happened: 'PINS WILL BREAK SOON: a rotation has begun, a backup is missing or an end is near; calls still pass',
    first:
      'The alarm that caused this says which it was, and its own first step. Look at every host on the dashboard, not ' +
      'only at the one you expect: a second cause does not announce itself while this is in ALARM.',
    runbook: 'planned-rotation',
  },
  HostRefused: {
    severity: 'page',
    metrics: ['HostRefused'],
    happened: 'a call to a host that the policy does not cover, or over plain HTTP, was refused',
    first:
      'Find the log lines "host-refused": "requestedHost" is what was called. If the call is right, add the host to the ' +
      'secret or use https. If it is not, find the code or dependency that made it: data may have been about to leave.',
    runbook: 'pin-failure',
  },
  PolicyRefreshLasting: {
    severity: 'page',
    metrics: ['PolicyRefreshFailure'],
    happened:
      'the policy could not be loaded in three of six periods of five minutes: new environments refuse every call',
    first:
      'Find the log lines "policy-refresh-failed": "code" and "message" say why. AccessDenied: the role, the secret or ' +
      'its key changed. ERR_POLICY_*: the document is bad; roll back with `pinned-fetch rollback`.',
    runbook: 'bad-secret',
  },
  PolicyStale: {
    severity: 'page',
    metrics: ['PolicyAge', 'PolicyRefreshFailure'],
    happened: 'an environment goes on with a policy that is too old, because its refreshes fail',
    first:
      'A key that was denied since is still accepted there, and after maxStale its calls fail with ERR_POLICY_STALE. ' +
      'Find the log lines "policy-refresh-failed" and repair their cause.',
    runbook: 'bad-secret',
  },
  PolicyRefreshFailure: {
    severity: 'ticket',
    metrics: ['PolicyRefreshFailure'],
    happened: 'a load of the policy failed; the last good one still serves',
    first:
      'Find the log lines "policy-refresh-failed": "code" and "message" say why. AccessDenied: the role, its secret or ' +
      'its key policy changed. ERR_POLICY_*: put a valid document into the secret. Throttling: nothing, if it was once.',
    runbook: 'bad-secret',
  },
  PinReportOnlyFailure: {
    severity: 'ticket',
    metrics: ['PinReportOnlyFailure'],
    happened: 'a call would have been refused, but mode "report" let it through: that host is not protected',
    first:
      'Find the log lines "pin-report". During a break-glass: check that "reportUntil" is near. Otherwise somebody left ' +
      '"report" on: repair the pins, then set mode "enforce".',
    runbook: 'break-glass',
  },
  EntryExpired: {
    severity: 'ticket',
    metrics: ['DaysToEntryExpiry'],
    needs: 'probe',
    happened: 'the entry of a host has expired, or does within a day',
    first:
      'With onExpiry "enforce" its pins go on being enforced, unreviewed; with "report" they protect nothing any more. ' +
      'Confirm the pins with the owner of the host, and push the policy with a new "expires".',
    runbook: 'planned-rotation',
  },
  RotationRefused: {
    severity: 'ticket',
    metrics: ['RotationRefused'],
    needs: 'rotation',
    happened: 'the rotation function refused a candidate; the current policy serves on',
    first:
      'Find the log line "rotation-ended": "code" and "message" say which host did not pass with the new pins. Repair ' +
      'the candidate, propose and approve it again. Nothing was changed.',
    runbook: 'planned-rotation',
  },
  ProbeUnreachable: {
    severity: 'ticket',
    metrics: ['ProbeUnreachable'],
    needs: 'probe',
    happened: 'the probe could not ask a host: no handshake ended, so nothing is known about its key',
    first:
      'Find the log line "host-probed" with "state":"unreachable". If calls reach the host, the way of the probe is ' +
      'closed (security group, allow list of the host); until it is open, rotations of this host stay unseen.',
    runbook: 'pin-failure',
  },
  ProbeSilent: {
    severity: 'ticket',
    metrics: ['ProbeRefused'],
    needs: 'probe',
    happened: 'nothing was heard of the probe for two of its periods',
    first:
      'Every alarm on rotations and expiry is blind. Look at the errors of the probe function and its dead letters, and ' +
      'invoke it. After a first deployment this rings until it has run once.',
    runbook: 'pin-failure',
  },
  GuardFunctionFailed: {
    severity: 'ticket',
    metrics: [],
    needs: 'functions',
    happened:
      "one of the guard's own functions failed, or an event that it failed on waits in the queue of failed events",
    first:
      'The alarms ProbeErrors, RotationErrors and FailedEventsWaiting say which. Find the error in the log of that ' +
      'function. With RotationRefused or PolicyRefreshFailure beside it, it is most likely the same: go on there. ' +
      'Afterwards empty the queue: while an event waits in it, a second failure does not announce itself.',
    runbook: 'pin-failure',
  },
  PinFailure: {
    severity: 'sensor',
    metrics: ['PinFailure'],
    happened: 'a call was blocked by a pin',
    first: 'CallsRefused or SomebodyInTheMiddle call for it.',
    runbook: 'pin-failure',
  },
  TlsFailure: {
    severity: 'sensor',
    metrics: ['TlsFailure'],
    happened: "Node's own verification refused the peer of a covered host",
    first:
      'CallsRefused or SomebodyInTheMiddle call for it. "code" of the log lines "tls-failure" says what was wrong; ' +
      'CERT_HAS_EXPIRED is for the owner of the host.',
    runbook: 'pin-failure',
  },
  ProbeRefused: {
    severity: 'sensor',
    metrics: ['ProbeRefused'],
    needs: 'probe',
    happened: 'when it was last asked, the probe met a host that the policy refuses',
    first: 'CallsWouldBeRefused calls for it, and CallsRefused where calls met it first.',
    runbook: 'emergency-rotation',
  },
  ProbeAccepts: {
    severity: 'sensor',
    metrics: ['ProbeRefused', 'ProbeUnreachable'],
    needs: 'probe',
    happened:
      'within the last five minutes the probe has asked the hosts, and none would have been refused (ALARM is good here)',
    first: 'Evidence for SomebodyInTheMiddle; nothing to do.',
    runbook: 'suspected-interception',
  },
  ProbeErrors: {
    severity: 'sensor',
    metrics: [],
    needs: 'functions',
    happened: 'within a day a run of the probe failed: hosts may not have been asked',
    first: 'GuardFunctionFailed calls for it.',
    runbook: 'pin-failure',
  },
  RotationErrors: {
    severity: 'sensor',
    metrics: [],
    needs: 'rotation',
    happened: 'within a day a step of the rotation function failed; the current policy serves on',
    first: 'GuardFunctionFailed calls for it, and RotationRefused where a candidate was refused.',
    runbook: 'planned-rotation',
  },
  FailedEventsWaiting: {
    severity: 'sensor',
    metrics: [],
    needs: 'functions',
    happened: 'an event that a function of the guard failed on, or never got, waits in the queue of failed events',
    first: 'GuardFunctionFailed calls for it. The queue keeps it for two weeks.',
    runbook: 'pin-failure',
  },
  BackupPinMatched: {
    severity: 'sensor',
    metrics: ['BackupPinMatched'],
    happened: 'within a day a call matched only a pin that is not the first of its list: a rotation has happened',
    first:
      'Put the pin that matched first, drop the old one, and agree on a new backup with the owner of the host: there ' +
      'is none left. "pin" of the log lines "backup-pin-matched" is the one.',
    runbook: 'planned-rotation',
  },
  PinDrift: {
    severity: 'sensor',
    metrics: ['PinDrift'],
    needs: 'probe',
    happened: 'only a backup pin matches: the host has changed its key',
    first:
      'Put the pin that matched first, drop the old one, and agree on a new backup with the owner of the host: there ' +
      'is none left. "pin" of the log line "host-probed" is the one.',
    runbook: 'planned-rotation',
  },
  UnseenPins: {
    severity: 'sensor',
    metrics: ['UnseenPins'],
    needs: 'probe',
    happened: 'a host shows every pin of its entry: none of them is a backup',
    first: 'The next change of its key refuses every call. Add the pin of a key that is not in use yet.',
    runbook: 'lost-backup-key',
  },
  DaysToPinExpiry: {
    severity: 'sensor',
    metrics: ['DaysToPinExpiry'],
    happened: 'the last pin of a host expires soon; from then on its calls are refused',
    first: 'Ask the owner of the host for its next key, and push the policy with that pin or with a later expiry.',
    runbook: 'planned-rotation',
  },
  DaysToCertificateExpiry: {
    severity: 'sensor',
    metrics: ['DaysToCertificateExpiry'],
    happened: 'the certificates of a host expire soon and were not renewed',
    first:
      'Tell the owner of the host, and ask whether the renewed certificate keeps its key: if not, add its pin now.',
    runbook: 'planned-rotation',
  },
  DaysToEntryExpiry: {
    severity: 'sensor',
    metrics: ['DaysToEntryExpiry'],
    needs: 'probe',
    happened: 'the entry of a host expires soon',
    first: 'Confirm its pins with the owner of the host, and push the policy with a new "expires".',
    runbook: 'planned-rotation',
  },
} as const satisfies Record<string, AlarmEntry>

export type AlarmName = keyof typeof ALARMS

export const ALARM_NAMES = Object.keys(ALARMS) as readonly AlarmName[]

/** What CloudWatch takes (API_PutMetricAlarm). */
const DESCRIPTION_MAX_CHARACTERS = 1024

export function descriptionOf(name: AlarmName, service: string, runbookBaseUrl: string): string {
  const { happened, first, runbook } = ALARMS[name]
  const description = `${service}: ${happened}. ${first} Runbook: ${runbookBaseUrl}/${runbook}.md`
  if (description.length <= DESCRIPTION_MAX_CHARACTERS) return description
  const excess = description.length - DESCRIPTION_MAX_CHARACTERS
  throw new Error(
    `The description of alarm ${name} is ${excess} characters too long: shorten runbookBaseUrl or service`,
  )
}

/** The alarms that call somebody because of a metric, as the README lists them. */
export function callersFor(metric: MetricName): readonly { readonly name: AlarmName; readonly severity: Severity }[] {
  const all = ALARM_NAMES.map((name) => ({ name, ...(ALARMS[name] as AlarmEntry) }))
  return all.filter(({ severity, metrics }) => severity !== 'sensor' && metrics.includes(metric))
}
