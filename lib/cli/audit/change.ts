/**
 * What is another way than at the last audit: hosts, verdicts, keys, pins, findings.
 *
 * Not here: what changed in the documents (policy/difference.ts). An audit keeps no document, only what was seen.
 */

import { placeOf } from '../../watch/finding.ts'
import type { HostCheck, KeyView, PinView } from '../../watch/host-check.ts'
import type { Audit, AuditChange, AuditFinding } from './audit.ts'

export function changesBetween(before: Audit, after: Audit): readonly AuditChange[] {
  const known = new Map(before.hosts.map((host) => [placeOf(host), host]))
  const now = new Set(after.hosts.map(placeOf))
  return [
    ...policyChanges(before.policy, after.policy),
    ...after.hosts.flatMap((host) => {
      const former = known.get(placeOf(host))
      return former === undefined ? [newHost(host)] : hostChanges(former, host)
    }),
    ...before.hosts
      .filter((host) => !now.has(placeOf(host)))
      .map((host): AuditChange => ({ kind: 'host', place: placeOf(host), message: 'is not looked at any more' })),
    ...findingChanges(before.findings, after.findings),
  ]
}

function policyChanges(before: Audit['policy'], after: Audit['policy']): AuditChange[] {
  const keys = ['version', 'serial', 'default', 'entries', 'denied', 'isSigned'] as const
  return keys
    .filter((key) => before[key] !== after[key])
    .map((key) => ({
      kind: 'policy',
      place: 'policy',
      message: `${key}: ${before[key] ?? 'none'} → ${after[key] ?? 'none'}`,
    }))
}

function newHost(host: HostCheck): AuditChange {
  return { kind: 'host', place: placeOf(host), message: `is new: ${host.state}` }
}

function hostChanges(before: HostCheck, after: HostCheck): AuditChange[] {
  const place = placeOf(after)
  const verdict: AuditChange[] =
    before.state === after.state ? [] : [{ kind: 'verdict', place, message: `${before.state} → ${after.state}` }]
  // Of a host that could not be asked, nothing is known: neither then nor now.
  const isKnown = before.path.length > 0 && after.path.length > 0
  return [
    ...verdict,
    ...(isKnown ? keyChanges(place, before.path, after.path) : []),
    ...pinChanges(place, before.pins, after.pins),
    ...matchChange(place, before.matched, after.matched),
  ]
}

function keyChanges(place: string, before: readonly KeyView[], after: readonly KeyView[]): AuditChange[] {
  const known = new Map(before.map((key) => [key.pin, key]))
  return after.flatMap((key): AuditChange[] => {
    const former = known.get(key.pin)
    if (former === undefined) {
      return [{ kind: 'key', place, message: `a new ${key.role} key: ${key.subject}, ${key.pin}` }]
    }
    if (former.notAfter === key.notAfter) return []
    const ends = `${former.notAfter.slice(0, 10)} → ${key.notAfter.slice(0, 10)}`
    return [{ kind: 'certificate', place, message: `the ${key.role} has a new certificate for the same key: ${ends}` }]
  })
}

function pinChanges(place: string, before: readonly PinView[], after: readonly PinView[]): AuditChange[] {
  const has = (pins: readonly PinView[], { list, pin }: PinView) =>
    pins.some((other) => other.list === list && other.pin === pin)
  const told =
    (verb: string) =>
    (pin: PinView): AuditChange => ({
      kind: 'pin',
      place,
      message: `${verb} ${pin.list}: ${pin.pin}${pin.name === undefined ? '' : ` "${pin.name}"`}`,
    })
  return [
    ...after.filter((pin) => !has(before, pin)).map(told('added to')),
    ...before.filter((pin) => !has(after, pin)).map(told('removed from')),
  ]
}

function matchChange(place: string, before: PinView | undefined, after: PinView | undefined): AuditChange[] {
  if (before === undefined || after === undefined || before.pin === after.pin) return []
  return [
    { kind: 'pin', place, message: `another pin matches: ${before.name ?? before.pin} → ${after.name ?? after.pin}` },
  ]
}

function findingChanges(before: readonly AuditFinding[], after: readonly AuditFinding[]): AuditChange[] {
  // Without numbers: what ends in 12 days is the same finding that ended in 19 a week ago.
  const keyOf = ({ place, code, message }: AuditFinding) => `${code} ${place} ${message.replace(/\d+/g, '#')}`
  const known = new Set(before.map(keyOf))
  const now = new Set(after.map(keyOf))
  // A verdict's own finding comes and goes with the verdict, which is told already.
  const isTold = ({ code }: AuditFinding) => /^host-(refused|reported|unreachable)$/.test(code)
  const told =
    (verb: string) =>
    ({ place, code, message }: AuditFinding): AuditChange => ({
      kind: 'finding',
      place,
      message: `${verb}: ${code}, ${message}`,
    })
  return [
    ...after.filter((finding) => !isTold(finding) && !known.has(keyOf(finding))).map(told('new')),
    ...before.filter((finding) => !isTold(finding) && !now.has(keyOf(finding))).map(told('gone')),
  ]
}
