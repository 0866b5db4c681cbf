import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Rules } from '../../lib/judge.ts'
import { type Connection, Connections } from '../../lib/net/connections.ts'
import { TrustStore } from '../../lib/net/trust.ts'
import type { HostEntry } from '../../lib/policy/document.ts'
import { HostTable } from '../../lib/policy/host-table.ts'
import { HTTPS, issuing, leaf, NOW, onePath, pins, rulesOf, stranger, TRUST } from '../judged.ts'

const DAY_MS = 86_400_000

const trust = new TrustStore(TRUST.map(({ certificate }) => certificate))
const until = (held: { pin: string }, instant: number) => ({
  sha256: held.pin.replace('sha256/', ''),
  expires: new Date(instant).toISOString(),
})

const accepting = rulesOf({ pins: pins(leaf) })
const refusing = rulesOf({ pins: pins(stranger) })

/** A connection that counts how often it was retired. */
class Counted implements Connection {
  readonly call = HTTPS
  readonly path = onePath
  retirements = 0
  readonly retire = () => {
    this.retirements += 1
  }
}

/** The same rules, and how often a host was looked up in them: once for each judgement, and once before it. */
function counting(rules: Rules): { rules: Rules; lookups: () => number } {
  let lookups = 0
  class Counting extends HostTable<HostEntry> {
    override find(host: string, port: number): HostEntry | undefined {
      lookups += 1
      return super.find(host, port)
    }
  }
  const hosts = new Counting([...rules.policy.hosts.entries()].map((entry) => [entry.pattern, entry]))
  return { rules: { ...rules, policy: { ...rules.policy, hosts } }, lookups: () => lookups }
}

function opened(changesAt = Number.POSITIVE_INFINITY, count = 1): [Connections, ...Counted[]] {
  const connections = new Connections(trust)
  const all = Array.from({ length: count }, () => new Counted())
  for (const one of all) connections.add(one, changesAt)
  return [connections, ...all]
}

describe('an open connection', () => {
  it('that later rules refuse is retired, once', () => {
    const [connections, one] = opened()
    connections.review(accepting, NOW)
    assert.equal(one?.retirements, 0)
    connections.review(refusing, NOW)
    connections.review(accepting, NOW)
    connections.review(refusing, NOW)
    assert.equal(one?.retirements, 1)
  })

  it('that later rules would only report stays', () => {
    const [connections, one] = opened()
    connections.review(rulesOf({ pins: pins(stranger), mode: 'report' }), NOW)
    assert.equal(one?.retirements, 0)
  })

  it('whose host gets anchors of its own is held to those', () => {
    const [connections, one] = opened()
    connections.review(rulesOf({ pins: pins(leaf), anchors: TRUST.map(({ certificate }) => certificate) }), NOW)
    assert.equal(one?.retirements, 0)
    connections.review(rulesOf({ pins: pins(leaf), anchors: [stranger.certificate] }), NOW)
    assert.equal(one?.retirements, 1)
  })

  it('that was closed is retired no more', () => {
    const [connections, one, other] = opened(undefined, 2)
    assert.ok(one)
    connections.delete(one)
    connections.review(refusing, NOW)
    assert.deepEqual([one.retirements, other?.retirements], [0, 1])
  })
})

describe('a review under the same rules', () => {
  it('judges nobody before the first instant at which a verdict can change, and everybody at it', () => {
    const [connections, one] = opened()
    connections.review(refusing, NOW)
    const [late, early] = [new Counted(), new Counted()]
    connections.add(late, NOW + 2 * DAY_MS)
    connections.add(early, NOW + DAY_MS)
    connections.add(new Counted(), NOW + 3 * DAY_MS)
    connections.review(refusing, NOW + DAY_MS - 1)
    assert.deepEqual([one?.retirements, late.retirements, early.retirements], [1, 0, 0])
    connections.review(refusing, NOW + DAY_MS)
    assert.deepEqual([late.retirements, early.retirements], [1, 1])
  })

  it('comes when a pin ends that let the connection pass', () => {
    const [connections, one] = opened()
    const rules = rulesOf({ pins: [until(leaf, NOW + DAY_MS)] })
    connections.review(rules, NOW)
    connections.review(rules, NOW + DAY_MS - 1)
    assert.equal(one?.retirements, 0)
    connections.review(rules, NOW + DAY_MS)
    assert.equal(one?.retirements, 1)
  })

  it('costs nothing while no date passes, and a date that has passed is none any more', () => {
    const { rules, lookups } = counting(rulesOf({ pins: [until(issuing, NOW + DAY_MS), ...pins(leaf)] }))
    const [connections] = opened()
    connections.review(rules, NOW)
    assert.equal(lookups(), 2)
    connections.review(rules, NOW + DAY_MS - 1)
    assert.equal(lookups(), 2)
    connections.review(rules, NOW + DAY_MS)
    assert.equal(lookups(), 4)
    connections.review(rules, NOW + 2 * DAY_MS)
    assert.equal(lookups(), 4)
  })
})
