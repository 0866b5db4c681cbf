/**
 * What the dashboard of the picture has to tell: a week of a service with three partners, as events of the library.
 *
 * - `api.partner.example` announced a new key and changed to it on the third day: its backup matches since, and calls pass.
 * - `pay.acquirer.example` has no backup, and its certificates were not renewed.
 * - `*.bank.example` has been refused to calls for four minutes, while the probe, asked at once, is still accepted there: the page comes.
 * - On the second day Secrets Manager was not reached for a while.
 */

import { PinnedFetchError } from '../../../lib/errors.ts'
import type { GuardEvent } from '../../../lib/events.ts'
import { EVERY_EVENT, probed } from '../every-event.ts'

export interface Moment {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly event: GuardEvent
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** The moment of the picture. */
export const NOW = Date.UTC(2026, 5, 12, 9, 40)

const PARTNER = { host: 'api.partner.example', port: 443, pattern: 'api.partner.example' }
const BANK = { host: 'quotes.bank.example', port: 443, pattern: '*.bank.example' }
const ACQUIRER = { host: 'pay.acquirer.example', port: 443, pattern: 'pay.acquirer.example' }

const FIRST_RUN = NOW - 7 * DAY + 2 * HOUR
const ROTATED_AT = FIRST_RUN + 2.4 * DAY
const OUTAGE_AT = FIRST_RUN + 1.1 * DAY
const INTERCEPTED_AT = NOW - 4 * MINUTE

const CURRENT = `sha256/${'klO23nT2ehFDXCfx3eHTDRESMz3asj1muO+4aIdjiuY='}`
const NEXT = `sha256/${'grX4Ta9HpZx6tSHkmCrvpApTQGo67CYDnvprLg5yRME='}`

const refusal = new PinnedFetchError('ERR_PIN_MISMATCH', {
  ...{ host: BANK.host, port: BANK.port, policyVersion: '7c1e', pattern: BANK.pattern },
  presented: [
    {
      pin: 'sha256/oeT2K6zS0BqTR8SN5tgMzDm82W+HCZPbs+egIdPAVSo=',
      subject: 'CN=*.bank.example',
      role: 'leaf',
      notAfter: '2026-09-01T00:00:00.000Z',
    },
  ],
  expected: [CURRENT],
})

/** In the order of time. */
export function exampleWeek(): Moment[] {
  const moments = [...probeRuns(), ...refreshes(), ...matches(), ...refusals(), ...rotations()]
  return moments.sort((one, other) => one.at - other.at)
}

function probeRuns(): Moment[] {
  const runs = [...steps(FIRST_RUN, NOW, DAY), INTERCEPTED_AT + 2 * MINUTE]
  return runs.flatMap((at) => {
    const passed = Math.floor((at - FIRST_RUN) / DAY)
    const isRotated = at > ROTATED_AT
    const partner = probed({
      ...PARTNER,
      isDrifted: isRotated,
      pin: isRotated ? NEXT : CURRENT,
      pinName: isRotated ? 'announced in May' : 'key of 2025',
      unseenPins: 1,
      daysToPinExpiry: 80 - passed,
      daysToCertificateExpiry: isRotated ? 92 - passed : 28 - passed,
      daysToEntryExpiry: 25 - passed,
    })
    const bank = probed({
      ...BANK,
      ...{ pin: CURRENT, pinName: 'issuing CA', unseenPins: 2 },
      ...{ daysToPinExpiry: 200 - passed, daysToCertificateExpiry: 61 - passed, daysToEntryExpiry: 120 - passed },
    })
    const acquirer = probed({
      ...ACQUIRER,
      ...{ pin: NEXT, pinName: 'only key', unseenPins: 0 },
      ...{ daysToPinExpiry: 55 - passed, daysToCertificateExpiry: 12 - passed, daysToEntryExpiry: 60 - passed },
    })
    return [partner, bank, acquirer].map((event) => ({ at, event }))
  })
}

/** Every ten minutes; for a while in vain, and at night by nobody. */
function refreshes(): Moment[] {
  return steps(NOW - 7 * DAY, NOW, 10 * MINUTE).flatMap((at, index): Moment[] => {
    const hour = new Date(at).getUTCHours()
    if (hour >= 1 && hour < 5) return []
    const failedFor = at - OUTAGE_AT
    if (failedFor >= 0 && failedFor < 1.5 * HOUR) {
      const ageSeconds = 300 + failedFor / 1000
      return [{ at, event: { ...EVERY_EVENT['policy-refresh-failed'], code: 'ETIMEDOUT', ageSeconds } }]
    }
    return [{ at, event: { ...EVERY_EVENT['policy-refreshed'], ageSeconds: 270 + ((index * 37) % 90) } }]
  })
}

function matches(): Moment[] {
  return steps(ROTATED_AT, NOW, 3 * HOUR).map((at) => ({
    at,
    event: { ...PARTNER, type: 'backup-pin-matched', pin: NEXT, name: 'announced in May' },
  }))
}

function refusals(): Moment[] {
  const intercepted = steps(INTERCEPTED_AT, NOW, 5_000).map((at): Moment => {
    return { at, event: { ...BANK, type: 'pin-failure', error: refusal } }
  })
  const strange = { host: 'metrics.vendor.example', port: 443 }
  const notCovered = new PinnedFetchError('ERR_HOST_NOT_COVERED', {
    ...strange,
    policyVersion: '7c1e',
    protocol: 'https:',
  })
  const event: GuardEvent = { ...strange, type: 'host-refused', pattern: undefined, error: notCovered }
  return [...intercepted, ...[0, 5, 9].map((minutes) => ({ at: FIRST_RUN + 3.2 * DAY + minutes * MINUTE, event }))]
}

function rotations(): Moment[] {
  const ended = EVERY_EVENT['rotation-ended']
  const message = 'api.partner.example does not show the new key yet'
  return [
    { at: ROTATED_AT - 26 * HOUR, event: { ...ended, version: '41b0', message } },
    {
      at: ROTATED_AT - 4 * HOUR,
      event: { ...ended, outcome: 'promoted', version: '7c1e', code: undefined, message: undefined },
    },
  ]
}

function steps(from: number, until: number, by: number): number[] {
  return Array.from({ length: Math.floor((until - from) / by) + 1 }, (_, index) => from + index * by)
}
