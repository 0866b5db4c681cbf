import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { judge, judgeCall, modeOf, type Rules, type Verdict } from '../lib/judge.ts'
import {
  evidenceOf,
  HTTPS,
  issuing,
  leaf,
  NOW,
  onePath,
  pins,
  root,
  rulesOf,
  stranger,
  told,
  verdictOf,
} from './judged.ts'
import { leafOf, mint, rootAuthority } from './support/authority.ts'
import { ask, HOST, trustOf } from './x509/question.ts'
import { Random } from './x509/random.ts'

const DAY_MS = 86_400_000

const at = (days: number) => new Date(NOW + days * DAY_MS).toISOString()
const until = (held: { pin: string }, days: number) => ({ sha256: held.pin.replace('sha256/', ''), expires: at(days) })

describe('a mismatch is reported instead of refused', () => {
  const wrong = { pins: pins(stranger) }

  it('while the entry says so', () => {
    assert.equal(told(verdictOf(rulesOf(wrong))), 'refuse ERR_PIN_MISMATCH')
    assert.equal(told(verdictOf(rulesOf({ ...wrong, mode: 'enforce' }))), 'refuse ERR_PIN_MISMATCH')
    assert.equal(told(verdictOf(rulesOf({ ...wrong, mode: 'report' }))), 'report ERR_PIN_MISMATCH')
  })

  it('or the owner of the process, who overrides the entry both ways', () => {
    assert.equal(told(verdictOf(rulesOf(wrong, {}, 'report'))), 'report ERR_PIN_MISMATCH')
    for (const entry of [{ mode: 'report' }, { reportUntil: at(1) }, { expires: at(-1), onExpiry: 'report' }]) {
      assert.equal(told(verdictOf(rulesOf({ ...wrong, ...entry }, {}, 'enforce'))), 'refuse ERR_PIN_MISMATCH')
    }
  })

  it('until break-glass ends, and not at that instant any more', () => {
    const rules = rulesOf({ ...wrong, reportUntil: at(1) })
    assert.equal(told(verdictOf(rules, onePath, NOW + DAY_MS - 1)), 'report ERR_PIN_MISMATCH')
    assert.equal(told(verdictOf(rules, onePath, NOW + DAY_MS)), 'refuse ERR_PIN_MISMATCH')
  })

  it('until break-glass ends, even where the entry says "report" beside it', () => {
    const rules = rulesOf({ ...wrong, mode: 'report', reportUntil: at(1) })
    assert.equal(told(verdictOf(rules, onePath, NOW + DAY_MS)), 'refuse ERR_PIN_MISMATCH')
  })

  it('from the entry’s expiry on, when the entry asks for that', () => {
    const relaxed = rulesOf({ ...wrong, expires: at(1), onExpiry: 'report' })
    assert.equal(told(verdictOf(relaxed, onePath, NOW + DAY_MS - 1)), 'refuse ERR_PIN_MISMATCH')
    assert.equal(told(verdictOf(relaxed, onePath, NOW + DAY_MS)), 'report ERR_PIN_MISMATCH')
  })

  it('never by an expiry alone: an expired entry goes on being enforced, its pins go on to match', () => {
    for (const entry of [{ expires: at(-1) }, { expires: at(-1), onExpiry: 'enforce' }]) {
      assert.equal(told(verdictOf(rulesOf({ ...wrong, ...entry }))), 'refuse ERR_PIN_MISMATCH')
      assert.equal(told(verdictOf(rulesOf({ pins: pins(leaf), ...entry }))), 'accept')
    }
  })

  it('and explained by the same mode', () => {
    const rules = rulesOf({ ...wrong, reportUntil: at(1) })
    const entry = rules.policy.hosts.find(HOST, 443)
    assert.ok(entry)
    assert.deepEqual([modeOf(rules, entry, NOW), modeOf(rules, entry, NOW + DAY_MS)], ['report', 'enforce'])
  })
})

describe('a pin with an end', () => {
  it('matches before it, and not at that instant any more', () => {
    const rules = rulesOf({ pins: [until(leaf, 1)] })
    assert.equal(told(verdictOf(rules, onePath, NOW + DAY_MS - 1)), 'accept')
    const verdict = verdictOf(rules, onePath, NOW + DAY_MS)
    assert.equal(told(verdict), 'refuse ERR_PINS_EXPIRED')
    assert.deepEqual(evidenceOf(verdict)['expired'], pins(leaf))
  })

  it('that has passed leaves the others at work', () => {
    const verdict = verdictOf(rulesOf({ pins: [until(leaf, -1), ...pins(root)] }))
    assert.ok(verdict.decision === 'accept')
    assert.deepEqual([`sha256/${verdict.pin?.sha256}`, verdict.isBackup], [root.pin, true])
  })

  it('that has passed is told as expired only if it would have matched', () => {
    const verdict = verdictOf(rulesOf({ pins: [until(leaf, -1), until(stranger, -1)] }))
    assert.equal(told(verdict), 'refuse ERR_PINS_EXPIRED')
    assert.deepEqual(evidenceOf(verdict)['expired'], pins(leaf))
    const mismatch = verdictOf(rulesOf({ pins: [until(stranger, -1), ...pins(stranger)] }))
    assert.deepEqual([told(mismatch), evidenceOf(mismatch)['expected']], ['refuse ERR_PIN_MISMATCH', pins(stranger)])
  })

  it('in one of two lists that must both match leaves a mismatch where the other list does not match', () => {
    const both = { leafPins: [until(leaf, -1)], issuerPins: pins(issuing) }
    assert.equal(told(verdictOf(rulesOf(both))), 'refuse ERR_PINS_EXPIRED')
    assert.equal(told(verdictOf(rulesOf({ ...both, issuerPins: pins(stranger) }))), 'refuse ERR_PIN_MISMATCH')
  })

  it('is forgiven in report mode, like a mismatch', () => {
    assert.equal(told(verdictOf(rulesOf({ pins: [until(leaf, -1)], mode: 'report' }))), 'report ERR_PINS_EXPIRED')
    assert.equal(told(verdictOf(rulesOf({ pins: [until(leaf, -1)] }, {}, 'report'))), 'report ERR_PINS_EXPIRED')
  })
})

describe('a verdict says when time alone can change it', () => {
  const validUntil = onePath.verified?.paths[0]?.validUntil ?? 0

  it('at the next date of the entry, of its pins, or at the end of the path', () => {
    const changesAt = (entry: object, now = NOW) => verdictOf(rulesOf(entry), onePath, now).changesAt
    assert.equal(changesAt({ pins: pins(leaf) }), validUntil + 1)
    assert.equal(changesAt({ pins: [until(stranger, 3), ...pins(leaf)] }), NOW + 3 * DAY_MS)
    assert.equal(changesAt({ pins: pins(leaf), expires: at(2) }), NOW + 2 * DAY_MS)
    assert.equal(changesAt({ pins: pins(stranger), reportUntil: at(1), expires: at(2) }), NOW + DAY_MS)
    assert.equal(
      changesAt({ pins: pins(stranger), reportUntil: at(1), expires: at(2) }, NOW + DAY_MS),
      NOW + 2 * DAY_MS,
    )
    assert.equal(changesAt({ pins: pins(leaf), expires: at(-2) }), validUntil + 1)
  })

  it('and before a path is known, never: no date decides whether a host is covered', () => {
    const changesAt = (entry: object | undefined) => judgeCall(rulesOf(entry, { default: 'allow' }), HTTPS).changesAt
    assert.equal(changesAt({ pins: [until(leaf, 1)], expires: at(2) }), Number.POSITIVE_INFINITY)
    assert.equal(changesAt({ pins: pins(leaf) }), Number.POSITIVE_INFINITY)
    assert.equal(changesAt(undefined), Number.POSITIVE_INFINITY)
  })
})

describe('no connection that is let through changes its verdict before the instant that was told (property)', async () => {
  const roots = [await rootAuthority('Long'), await rootAuthority('Short', { notAfter: new Date(NOW + 4 * DAY_MS) })]
  const keys = await mint({ subject: 'CN=Crossed', ca: true })
  const [long, short] = roots
  assert.ok(long && short)
  const crossed = await Promise.all(roots.map((issuer) => mint({ subject: keys.subject, keys, ca: true, issuer })))
  const own = await leafOf(keys, [HOST], { notAfter: new Date(NOW + 9 * DAY_MS) })
  const path = ask([own, ...crossed], { anchors: roots, now: NOW })
  const held = [own, keys, long, short, stranger]

  const randomRules = (random: Random): Rules => {
    const list = () =>
      Array.from({ length: 1 + random.below(2) }, () =>
        random.chance(0.5) ? random.pick(held).pin : until(random.pick(held), random.below(8) - 1),
      )
    const entry = {
      ...(random.chance(0.7) ? { pins: list() } : { leafPins: list(), issuerPins: list() }),
      ...(random.chance(0.3) ? { reportUntil: at(random.below(8) - 1) } : {}),
      ...(random.chance(0.3) ? { expires: at(random.below(8) - 1), onExpiry: random.pick(['enforce', 'report']) } : {}),
    }
    const deny = random.chance(0.4) ? pins(random.pick(held.slice(2))) : []
    const mode = random.chance(0.2) ? random.pick(['enforce', 'report'] as const) : undefined
    return rulesOf(
      random.chance(0.75) ? entry : undefined,
      { deny, default: random.pick(['deny', 'report', 'allow']) },
      mode,
    )
  }

  const instants = Array.from({ length: 12 }, (_, day) => NOW + (day - 1) * DAY_MS)
    .concat((path.verified?.paths ?? []).map(({ validUntil }) => validUntil))
    .flatMap((instant) => [instant, instant + 1])
    .sort((left, right) => left - right)

  it('for a thousand random policies, over two paths that end at different times', () => {
    for (let seed = 0; seed < 1_000; seed++) {
      const rules = randomRules(new Random(seed))
      const verdicts = instants.map(
        (now) => [now, judge(rules, HTTPS, { path, trustId: trustOf(roots).id }, now)] as const,
      )
      for (const [now, verdict] of verdicts) assertHolds(seed, now, verdict, verdicts)
    }
  })
})

function assertHolds(
  seed: number,
  since: number,
  verdict: Verdict,
  later: readonly (readonly [number, Verdict])[],
): void {
  if (verdict.decision === 'refuse') return
  for (const [now, other] of later) {
    if (now < since || now >= verdict.changesAt) continue
    const days = ((now - since) / DAY_MS).toFixed(2)
    assert.equal(
      told(other),
      told(verdict),
      `policy ${seed}: ${days} days later, told to change at ${verdict.changesAt}`,
    )
  }
}
