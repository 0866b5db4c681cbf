/**
 * Turns verdicts into events, and events over to the observers: at once, and never so that a call notices.
 *
 * Shared state: which findings were told lately, so that a report-only failure is told once per window and not once per
 * call. Bounded; when it is full the oldest finding may be told again.
 */

import type { PinnedFetchError } from '../errors.ts'
import type { GuardEvent, Observer } from '../events.ts'
import { HOST_REFUSALS, REPORT_WINDOW_MS } from '../events.ts'
import type { Call, Verdict } from '../judge.ts'
import { formatPin } from '../policy/pin.ts'
import type { HostEntry } from '../policy/reading.ts'
import type { PathResult } from '../x509/path.ts'
import { daysToCertificateExpiry, daysToPinExpiry } from './expiry.ts'

/** Findings remembered. A function has tens of hosts with a few findings each. */
const MAX_REMEMBERED = 1_000

export class Reporter {
  readonly #observers: readonly Observer[]
  readonly #toldAt = new Map<string, number>()

  constructor(observers: readonly Observer[]) {
    this.#observers = observers
  }

  readonly emit = (event: GuardEvent): void => {
    for (const observe of this.#observers) {
      try {
        const outcome = observe(event)
        if (outcome instanceof Promise) outcome.catch(() => undefined)
      } catch {
        // An observer that fails must not fail the call it observes.
      }
    }
  }

  /** A call was refused, or would have been. */
  failure(verdict: Extract<Verdict, { error: PinnedFetchError }>, call: Call, now: number): void {
    const { error, decision, entry } = verdict
    const place = placeOf(call, entry)
    if (decision === 'report') {
      if (!this.#isNews(`report ${call.host}:${call.port} ${error.code} ${leafOf(error)}`, now)) return
      this.emit({ type: 'pin-report', ...place, error })
    } else {
      this.emit({ type: HOST_REFUSALS.has(error.code) ? 'host-refused' : 'pin-failure', ...place, error })
    }
  }

  /** A call was refused whose host has no canonical form. */
  refusal(error: PinnedFetchError, { host, port }: { readonly host: string; readonly port: number }): void {
    this.emit({ type: 'host-refused', host, port, pattern: undefined, error })
  }

  /** A connection was accepted. */
  success(
    verdict: Extract<Verdict, { decision: 'accept' }>,
    call: Call,
    { path, resumed, now }: { readonly path: PathResult; readonly resumed: boolean; readonly now: number },
  ): void {
    const { entry, pin } = verdict
    const place = placeOf(call, entry)
    this.emit({ type: 'connection-accepted', ...place, pin: pin && formatPin(pin.sha256), resumed })
    if (entry === undefined || pin === undefined) return
    if (verdict.isBackup && this.#isNews(`backup ${call.host}:${call.port} ${pin.sha256}`, now)) {
      this.emit({ type: 'backup-pin-matched', ...place, pin: formatPin(pin.sha256), name: pin.name })
    }
    this.#expiry(entry, call, path, now)
  }

  /** Node's own verification refused the peer of a covered host. */
  tlsFailure(call: Call, entry: HostEntry, code: string): void {
    this.emit({ type: 'tls-failure', ...placeOf(call, entry), code })
  }

  /** Tells the owner something once. */
  warn(code: string, message: string): void {
    if (!this.#isFirst(`warning ${code}`)) return
    this.emit({ type: 'warning', code, message })
  }

  #expiry(entry: HostEntry, call: Call, path: PathResult, now: number): void {
    if (path.verified === undefined || !this.#isFirst(`expiry ${call.host}:${call.port}`)) return
    this.emit({
      type: 'expiry-observed',
      ...placeOf(call, entry),
      daysToPinExpiry: daysToPinExpiry(entry, now),
      daysToCertificateExpiry: daysToCertificateExpiry(path.verified, now),
    })
  }

  #isNews(key: string, now: number): boolean {
    const toldAt = this.#toldAt.get(key)
    if (toldAt !== undefined && now >= toldAt && now - toldAt < REPORT_WINDOW_MS) return false
    this.#remember(key, now)
    return true
  }

  #isFirst(key: string): boolean {
    if (this.#toldAt.has(key)) return false
    this.#remember(key, 0)
    return true
  }

  #remember(key: string, now: number): void {
    if (this.#toldAt.size >= MAX_REMEMBERED) {
      const oldest = this.#toldAt.keys().next()
      if (!oldest.done) this.#toldAt.delete(oldest.value)
    }
    this.#toldAt.delete(key)
    this.#toldAt.set(key, now)
  }
}

function placeOf({ host, port }: Call, entry: HostEntry | undefined) {
  return { host, port, pattern: entry?.pattern.text }
}

function leafOf(error: PinnedFetchError): string {
  return 'presented' in error.evidence ? (error.evidence.presented[0]?.pin ?? '') : ''
}
