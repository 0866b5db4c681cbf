/**
 * What a look at a host tells beside the verdict: what will end, and what has moved. Lint reads the policy alone
 * (policy/lint.ts); this needs what the host shows.
 */

import type { HostCheck, PinView } from './host-check.ts'

export interface CheckFinding {
  readonly code:
    | 'host-refused'
    | 'host-reported'
    | 'host-unreachable'
    | 'backup-matched'
    | 'no-unseen-backup'
    | 'certificate-ends-soon'
    | 'pin-ends-soon'
    | 'signature-ends-soon'
    | 'signature-ended'
  readonly severity: 'error' | 'warning'
  /** `host:port`; `signature`: the document's. */
  readonly place: string
  readonly message: string
}

/** @param warnDays what ends in fewer days than this is told */
export function findingsOf(check: HostCheck, warnDays: number): readonly CheckFinding[] {
  const place = placeOf(check)
  const say = (code: CheckFinding['code'], message: string, severity: CheckFinding['severity'] = 'warning') => ({
    code,
    severity,
    place,
    message,
  })
  return [
    ...stateFindings(check, say),
    ...driftFindings(check, say),
    ...(hasNoUnseenPin(check)
      ? [say('no-unseen-backup', 'every pin that can match is in the path of today: there is no backup')]
      : []),
    ...certificateFindings(check, warnDays, say),
    ...check.pins
      .filter(({ daysLeft }) => daysLeft !== undefined && daysLeft >= 0 && daysLeft < warnDays)
      .map((pin) => say('pin-ends-soon', `the pin ${labelOf(pin)} ends in ${days(pin.daysLeft ?? 0)}`)),
  ]
}

/** How a pin is told in a line: its name, else its beginning. */
export function labelOf({ name, pin }: Pick<PinView, 'name' | 'pin'>): string {
  return name === undefined ? `${pin.slice(0, 'sha256/'.length + 8)}…` : `"${name}"`
}

export function placeOf({ host, port }: Pick<HostCheck, 'host' | 'port'>): string {
  const name = host.includes(':') ? `[${host}]` : host
  return port === 443 ? name : `${name}:${port}`
}

export function days(count: number): string {
  return count === 1 ? '1 day' : `${count} days`
}

type Say = (code: CheckFinding['code'], message: string, severity?: CheckFinding['severity']) => CheckFinding

function stateFindings({ state, code, problem = '' }: HostCheck, say: Say): CheckFinding[] {
  const [line = ''] = problem.split('\n')
  // The place is told already.
  const first = line.replace(/^Cannot connect to "[^"]*": /, '')
  if (state === 'refused') return [say('host-refused', `would be refused: ${first} (${code})`, 'error')]
  if (state === 'unreachable') return [say('host-unreachable', `could not be asked: ${first}`, 'error')]
  if (state === 'reported') return [say('host-reported', `would be refused in mode "enforce": ${first} (${code})`)]
  return []
}

function driftFindings({ isDrifted, matched, pins }: HostCheck, say: Say): CheckFinding[] {
  if (!isDrifted || matched === undefined) return []
  // Where two lists must match, it may be the other one that has moved.
  const backup = matched.isFirst ? (pins.find(({ isSeen, isFirst }) => isSeen && !isFirst) ?? matched) : matched
  const message = `only a backup matches (${labelOf(backup)}): a rotation has happened; move it to the front`
  return [say('backup-matched', message)]
}

/** Only where a pin matched: else there is more to say than this. Of a single pin, lint tells. */
function hasNoUnseenPin({ matched, pins, unseenPins }: HostCheck): boolean {
  return matched !== undefined && pins.length > 1 && unseenPins === 0
}

function certificateFindings({ path, isVerified }: HostCheck, warnDays: number, say: Say): CheckFinding[] {
  if (!isVerified) return []
  return path
    .filter(({ daysLeft }) => daysLeft < warnDays)
    .map(({ role, daysLeft }) =>
      say('certificate-ends-soon', `the certificate of its ${role} ends in ${days(daysLeft)}`),
    )
}
