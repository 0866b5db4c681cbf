/**
 * What `explain` does: no connection, only the policy's answer.
 */

import { type Call, judgeCall, modeOf, type Rules } from '../../judge.ts'
import { callTo } from '../../net/call.ts'
import type { HostEntry, Policy } from '../../policy/document.ts'
import { formatPin, type Pin } from '../../policy/pin.ts'
import { EXIT } from '../failure.ts'
import { readPolicy } from '../policy/place.ts'
import { table } from '../table.ts'
import type { Work } from '../verb.ts'

const UNCOVERED = { accept: 'allow', report: 'report', refuse: 'deny' } as const

export const explain: Work<[string, string, object]> = async ({ world, voice }, place, url) => {
  const { policy, version } = await readPolicy(place, world)
  const call = callOf(url)
  const rules: Rules = { policy, version }
  const now = world.now()
  const verdict = judgeCall(rules, call)
  const { entry } = verdict
  const explanation = {
    host: call.host,
    port: call.port,
    rule: verdict.decision === 'refuse' ? 'deny' : ruleOf(rules, entry, verdict.decision, now),
    pattern: entry?.pattern.text,
    pins: pinsOf(entry?.pins),
    leafPins: pinsOf(entry?.leafPins),
    issuerPins: pinsOf(entry?.issuerPins),
    hasOwnAnchors: entry?.anchors !== undefined,
    alsoMatches: otherPatterns(policy, call, entry),
    refusal: verdict.decision === 'accept' ? undefined : verdict.error.code,
  }
  voice.result(explanation, textOf(explanation))
  return verdict.decision === 'refuse' ? EXIT.findings : EXIT.ok
}

/** A URL, or a host as people write it. */
function callOf(url: string): Call {
  if (!url.includes('://')) return callOf(`https://${url}`)
  const { protocol, hostname, port } = new URL(url)
  return callTo(protocol, hostname, port)
}

function ruleOf(rules: Rules, entry: HostEntry | undefined, decision: keyof typeof UNCOVERED, now: number): string {
  return entry === undefined ? UNCOVERED[decision] : modeOf(rules, entry, now)
}

/** Entries that would cover the host if a more specific one did not. */
function otherPatterns({ hosts }: Policy, { host, port }: Call, entry: HostEntry | undefined): string[] {
  return [...hosts.entries()]
    .filter((other) => other !== entry && covers(other, host, port))
    .map(({ pattern }) => pattern.text)
}

function covers({ pattern: { kind, base, port: only } }: HostEntry, host: string, port: number): boolean {
  if (only !== undefined && only !== port) return false
  if (kind === 'exact') return host === base
  const isBelow = host.endsWith(`.${base}`)
  if (kind === 'any-depth') return host === base || isBelow
  return isBelow && !host.slice(0, -base.length - 1).includes('.')
}

function pinsOf(pins: readonly Pin[] = []): { pin: string; name?: string; expires?: string }[] {
  return pins.map(({ sha256, name, expires }) => ({
    pin: formatPin(sha256),
    ...(name === undefined ? {} : { name }),
    ...(expires === undefined ? {} : { expires: new Date(expires).toISOString() }),
  }))
}

type Explanation = { readonly [Key in 'pins' | 'leafPins' | 'issuerPins']: ReturnType<typeof pinsOf> } & {
  readonly host: string
  readonly port: number
  readonly rule: string
  readonly pattern: string | undefined
  readonly hasOwnAnchors: boolean
  readonly alsoMatches: readonly string[]
  readonly refusal: string | undefined
}

function textOf({ host, port, rule, pattern, alsoMatches, refusal, hasOwnAnchors, ...lists }: Explanation): string {
  const rows = [
    ['call', `${host}:${port}`],
    ['covered by', pattern === undefined ? 'no entry; the default speaks' : `"${pattern}"`],
    ['rule', refusal === undefined ? rule : `${rule} (${refusal})`],
    ...(hasOwnAnchors ? [['anchors', 'only the roots of the entry are trusted']] : []),
    ...pinRows('needs one of', lists.pins, 'any key of the path'),
    ...pinRows('leaf is one of', lists.leafPins, "the server's own key"),
    ...pinRows('issuer is one of', lists.issuerPins, 'a key above it'),
    ...(alsoMatches.length === 0 ? [] : [['less specific', alsoMatches.map((text) => `"${text}"`).join(', ')]]),
  ]
  return table(rows)
}

function pinRows(label: string, pins: ReturnType<typeof pinsOf>, meaning: string): string[][] {
  return pins.map(({ pin, name, expires }, index) => [
    index === 0 ? label : '',
    [pin, name, expires === undefined ? undefined : `until ${expires}`, index === 0 ? `(${meaning})` : undefined]
      .filter((part) => part !== undefined)
      .join('  '),
  ])
}
