/**
 * No export is weaker than its policy without saying so: random policies, exported, read back from what was written, and
 * asked by a model of each target. Whatever the policy refuses the target refuses, where no note says "weaker".
 *
 * Keys of servers and keys of CAs are apart here: that a key matches in the other role is a note of its own.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type HostEntry, type Policy, parsePolicy } from '../../lib/policy/document.ts'
import { exportPolicy, type TargetName } from '../../lib/policy/export/export.ts'
import type { Pin } from '../../lib/policy/pin.ts'

const NOW = Date.UTC(2027, 0, 1)
const key = (letter: string) => `${'A'.repeat(42)}${letter}=`
const SERVER_KEYS = ['A', 'E'].map(key)
const CA_KEYS = ['I', 'M', 'Q'].map(key)

const NAMES = ['a.example', 'b.a.example', 'c.b.a.example', 'd.a.example']
const HOSTS = [...NAMES, 'e.b.a.example', 'f.c.b.a.example']

interface Chain {
  readonly leaf: string
  readonly issuers: readonly string[]
}

const CHAINS: readonly Chain[] = SERVER_KEYS.flatMap((leaf) =>
  [[CA_KEYS[0]], [CA_KEYS[1]], [CA_KEYS[0], CA_KEYS[1]], [CA_KEYS[2]]].map((issuers) => ({
    leaf,
    issuers: issuers.map(String),
  })),
)

const pinOf = (keys: readonly string[]) =>
  fc
    .tuple(fc.constantFrom(...keys), fc.constantFrom('', '', '', '2026-12-31T00:00:00Z', '2027-12-31T00:00:00Z'))
    .map(([sha256, expires]) => (expires === '' ? `sha256/${sha256}` : { sha256, expires }))
const listOf = (keys: readonly string[]) => fc.array(pinOf(keys), { minLength: 1, maxLength: 3 })

const modes = fc.constantFrom('enforce', 'enforce', 'enforce', 'report')
const entries = fc.oneof(
  fc.record({ pins: listOf([...SERVER_KEYS, ...CA_KEYS]), mode: modes }),
  fc.record({ leafPins: listOf(SERVER_KEYS), mode: modes }),
  fc.record({ issuerPins: listOf(CA_KEYS), mode: modes }),
  fc.record({ leafPins: listOf(SERVER_KEYS), issuerPins: listOf(CA_KEYS), mode: modes }),
)

const patterns = fc
  .tuple(fc.constantFrom('', '', '*.', '**.'), fc.constantFrom(...NAMES), fc.constantFrom('', '', '', ':8443'))
  .map((parts) => parts.join(''))

const documents = fc
  .tuple(
    fc.dictionary(patterns, entries, { minKeys: 1, maxKeys: 3 }),
    fc.constantFrom(undefined, undefined, undefined, undefined, ...CA_KEYS.slice(0, 1)),
  )
  .map(([hosts, denied]) => ({ version: 1, hosts, deny: denied === undefined ? [] : [`sha256/${denied}`] }))

/** Whether the target refuses. Undefined: it knows nothing of that host. */
type Model = (host: string, port: number, chain: Chain) => boolean | undefined

const anyKey = ({ leaf, issuers }: Chain, pins: readonly string[]) =>
  [leaf, ...issuers].some((one) => pins.includes(one))

function matchesPattern(pattern: string, host: string): boolean {
  if (pattern.startsWith('**.')) return host === pattern.slice(3) || host.endsWith(pattern.slice(2))
  if (pattern.startsWith('*.')) return host.slice(host.indexOf('.')) === pattern.slice(1)
  return host === pattern
}

const MODELS: Readonly<Record<Exclude<TargetName, 'envoy'>, (value: never) => readonly Model[]>> = {
  okhttp: (pinner: readonly { pattern: string; pins: readonly string[] }[]) => [
    (host, _port, chain) => {
      const found = pinner.filter(({ pattern }) => matchesPattern(pattern, host)).flatMap(({ pins }) => pins)
      return found.length === 0
        ? undefined
        : !anyKey(
            chain,
            found.map((pin) => pin.slice(7)),
          )
    },
  ],
  android: (xml: string) => {
    const configs = xml
      .split('<domain-config')
      .slice(1)
      .map((config) => ({
        domain: /<domain [^>]*>([^<]*)</.exec(config)?.[1] ?? '',
        isWide: config.includes('includeSubdomains="true"'),
        pins: [...config.matchAll(/<pin [^>]*>([^<]*)</g)].map(([, pin]) => String(pin)),
      }))
    return [
      (host, _port, chain) => {
        const found = configs
          .filter(({ domain, isWide }) => domain === host || (isWide && host.endsWith(`.${domain}`)))
          .sort((left, right) => right.domain.length - left.domain.length)
        return found[0] === undefined ? undefined : !anyKey(chain, found[0].pins)
      },
    ]
  },
  trustkit: ({ TSKConfiguration }: { TSKConfiguration: { TSKPinnedDomains: Record<string, TrustKitDomain> } }) => {
    const domains = Object.entries(TSKConfiguration.TSKPinnedDomains)
    // A dictionary has no order: both ways round.
    return [domains, domains.toReversed()].map(
      (ordered): Model =>
        (host, _port, chain) => {
          const found =
            ordered.find(([name]) => name === host) ??
            ordered.find(([name, { TSKIncludeSubdomains }]) => TSKIncludeSubdomains && host.endsWith(`.${name}`))
          if (found === undefined) return undefined
          return found[1].TSKEnforcePinning && !anyKey(chain, found[1].TSKPublicKeyHashes)
        },
    )
  },
  ios: (value: { NSAppTransportSecurity: { NSPinnedDomains: Record<string, AppleDomain> } }) => {
    const domains = Object.entries(value.NSAppTransportSecurity.NSPinnedDomains)
    // Apple does not say which one counts.
    return [domains, domains.toReversed()].map(
      (ordered): Model =>
        (host, _port, { leaf, issuers }) => {
          const found = ordered.find(
            ([name, { NSIncludesSubdomains }]) =>
              name === host || (NSIncludesSubdomains && host.slice(host.indexOf('.') + 1) === name),
          )
          if (found === undefined) return undefined
          const [own, above] = [found[1].NSPinnedLeafIdentities, found[1].NSPinnedCAIdentities].map((list) =>
            list?.map((identity) => identity['SPKI-SHA256-BASE64']),
          )
          const passes =
            (own?.includes(leaf) ?? true) && (above === undefined || issuers.some((one) => above.includes(one)))
          return !passes
        },
    )
  },
  curl: (lines: readonly { url: string; pinnedpubkey: string }[]) => [
    (host, port, { leaf }) => {
      const url = port === 443 ? `https://${host}/` : `https://${host}:${port}/`
      const found = lines.find((line) => line.url === url)
      return found === undefined ? undefined : !found.pinnedpubkey.split(';').includes(`sha256//${leaf}`)
    },
  ],
}

interface TrustKitDomain {
  readonly TSKIncludeSubdomains: boolean
  readonly TSKEnforcePinning: boolean
  readonly TSKPublicKeyHashes: readonly string[]
}

interface AppleDomain {
  readonly NSIncludesSubdomains: boolean
  readonly NSPinnedLeafIdentities?: readonly { 'SPKI-SHA256-BASE64': string }[]
  readonly NSPinnedCAIdentities?: readonly { 'SPKI-SHA256-BASE64': string }[]
}

function refuses({ deny }: Policy, entry: HostEntry, { leaf, issuers }: Chain): boolean {
  if ([leaf, ...issuers].some((one) => deny.has(one))) return true
  if (entry.mode === 'report') return false
  const match = (list: readonly Pin[] | undefined, keys: readonly string[]) =>
    list === undefined ||
    list.some(({ sha256, expires }) => keys.includes(sha256) && (expires === undefined || NOW < expires))
  const { pins, leafPins, issuerPins } = entry
  return !(match(pins, [leaf, ...issuers]) && match(leafPins, [leaf]) && match(issuerPins, issuers))
}

describe('an export without a note of weakness refuses what the policy refuses', () => {
  for (const to of Object.keys(MODELS) as (keyof typeof MODELS)[]) {
    test(to, (t) => {
      let compared = 0
      fc.assert(
        fc.property(documents, fc.constantFrom('leaf' as const, 'issuer' as const, undefined), (document, pinsAs) => {
          const policy = parsePolicy(document)
          const { notes, value } = exportPolicy(policy, to, { now: NOW, pinsAs })
          if (notes.some(({ effect }) => effect === 'weaker')) return
          // One command line is for one port: what it does not name it does not call.
          const ports = [443, 8443]
          for (const model of MODELS[to](value as never)) {
            for (const host of HOSTS) {
              for (const port of ports) {
                const entry = policy.hosts.find(host, port)
                if (entry === undefined) continue
                for (const chain of CHAINS) {
                  if (!refuses(policy, entry, chain)) continue
                  const verdict = model(host, port, chain)
                  if (to === 'curl' && verdict === undefined) continue
                  compared++
                  assert.equal(verdict, true, `${host}:${port} ${JSON.stringify(chain)}`)
                }
              }
            }
          }
        }),
        { numRuns: 1_500 },
      )
      t.diagnostic(`${compared} refusals compared`)
      assert.ok(compared > 50, `${compared} refusals compared`)
    })
  }
})
