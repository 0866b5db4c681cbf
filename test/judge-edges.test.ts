import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { judge, judgeCall, type Rules } from '../lib/judge.ts'
import { parsePolicy } from '../lib/policy/document.ts'
import { parseHostPattern } from '../lib/policy/host.ts'
import { HostTable } from '../lib/policy/host-table.ts'
import {
  evidenceOf,
  HTTPS,
  issuing,
  leaf,
  NOW,
  onePath,
  otherRoot,
  pins,
  root,
  rulesOf,
  stranger,
  TRUST,
  TRUST_ID,
  told,
  twoPaths,
  verdictOf,
} from './judged.ts'
import { leafOf } from './support/authority.ts'
import { ask, HOST, trustOf } from './x509/question.ts'

const expired = (held: { pin: string }) => ({
  sha256: held.pin.replace('sha256/', ''),
  expires: '2020-01-01T00:00:00Z',
})

describe('of two paths to a pinned host, of which only the second holds a pin', () => {
  it('the pin counts when it is a backup, and is told as one', () => {
    const verdict = verdictOf(rulesOf({ pins: pins(stranger, otherRoot) }), twoPaths)
    assert.ok(verdict.decision === 'accept')
    assert.deepEqual([`sha256/${verdict.pin?.sha256}`, verdict.isBackup], [otherRoot.pin, true])
  })

  it('an end that the pin has reached is told as that, and not as a mismatch', () => {
    const verdict = verdictOf(rulesOf({ pins: [expired(otherRoot)] }), twoPaths)
    assert.equal(told(verdict), 'refuse ERR_PINS_EXPIRED')
    assert.deepEqual(evidenceOf(verdict)['expired'], pins(otherRoot))
  })
})

describe('the most fundamental reason is the one that is told', () => {
  it('that no entry covers the host, though a key of it is denied, or no path is proven', () => {
    const unverified = ask([leaf, issuing], { anchors: [stranger], now: NOW })
    for (const path of [onePath, unverified]) {
      const verdict = verdictOf(rulesOf(undefined, { deny: pins(leaf) }), path)
      assert.equal(told(verdict), 'refuse ERR_HOST_NOT_COVERED')
      assert.equal(verdict.changesAt, Number.POSITIVE_INFINITY)
    }
  })

  it('that a path has expired, though a key of it is denied', () => {
    const later = (onePath.verified?.paths[0]?.validUntil ?? 0) + 1
    const verdict = verdictOf(rulesOf({ pins: pins(leaf) }, { deny: pins(leaf) }), onePath, later)
    assert.equal(told(verdict), 'refuse ERR_PATH_NOT_VERIFIED')
    assert.equal(evidenceOf(verdict)['reason'], 'its path has expired since it was verified')
  })
})

describe('an entry for the port of HTTPS', () => {
  it('covers no TLS call to another port, though it covers plain calls to it', () => {
    const policy = parsePolicy({ version: 1, default: 'allow', hosts: { [`${HOST}:443`]: { pins: pins(stranger) } } })
    const verdict = judgeCall({ policy }, { ...HTTPS, port: 8443 })
    assert.deepEqual([told(verdict), verdict.entry], ['accept', undefined])
    assert.equal(
      told(judgeCall({ policy }, { protocol: 'http:', host: HOST, port: 8443 })),
      'refuse ERR_PLAINTEXT_REFUSED',
    )
  })
})

describe('the owner’s proxy on the way', () => {
  const proxy = { ...HTTPS, host: HOST, port: 3128, isProxy: true }
  const plain = { ...proxy, protocol: 'http:' } as const

  it('may be called whatever the policy’s default is, where no entry covers it', () => {
    for (const rest of [{}, { default: 'report' }, { default: 'allow' }]) {
      for (const call of [proxy, plain]) {
        const verdict = judgeCall(rulesOf(undefined, rest, 'enforce'), call)
        assert.deepEqual([told(verdict), verdict.entry], ['accept', undefined])
      }
    }
  })

  it('is held to an entry that covers its host and port', () => {
    const rules = rulesOf({ pins: pins(stranger) })
    assert.equal(told(judge(rules, proxy, { path: onePath, trustId: TRUST_ID }, NOW)), 'refuse ERR_PIN_MISMATCH')
    assert.equal(told(judgeCall(rules, plain)), 'refuse ERR_PLAINTEXT_REFUSED')
  })

  it('is no partner that a pinned HTTPS port stands for', () => {
    const policy = parsePolicy({ version: 1, hosts: { [`${HOST}:443`]: { pins: pins(stranger) } } })
    assert.equal(told(judgeCall({ policy }, plain)), 'accept')
    assert.equal(told(judgeCall({ policy }, { ...plain, isProxy: false })), 'refuse ERR_PLAINTEXT_REFUSED')
  })

  it('may hold no denied key', () => {
    const rules = rulesOf(undefined, { deny: pins(issuing) })
    assert.equal(told(judge(rules, proxy, { path: onePath, trustId: TRUST_ID }, NOW)), 'refuse ERR_KEY_DENIED')
  })
})

describe('before a path is known, a call to a covered host', () => {
  it('goes out without a pin, and never as a backup', () => {
    const verdict = judgeCall(rulesOf({ pins: pins(leaf) }), HTTPS)
    assert.ok(verdict.decision === 'accept')
    assert.deepEqual([verdict.pin, verdict.isBackup], [undefined, false])
  })
})

describe('an entry that asks for nothing', () => {
  it('accepts nothing, should one ever be made: the reader of documents refuses it', () => {
    const pattern = parseHostPattern(HOST, 'p')
    const hosts = new HostTable([[pattern, { pattern, mode: 'enforce', onExpiry: 'enforce' } as const]])
    const rules: Rules = { policy: { default: 'allow', hosts, deny: new Set() } }
    assert.equal(told(judge(rules, HTTPS, { path: onePath, trustId: TRUST_ID }, NOW)), 'refuse ERR_PIN_MISMATCH')
  })
})

describe('the evidence of a mismatch', () => {
  it('tells the pins of both lists, and no version where the source gave none', () => {
    const { policy } = rulesOf({ leafPins: pins(stranger), issuerPins: pins(otherRoot) })
    const verdict = judge({ policy }, HTTPS, { path: onePath, trustId: TRUST_ID }, NOW)
    const { presented: _, ...rest } = evidenceOf(verdict)
    assert.deepEqual(rest, { host: HOST, port: 443, pattern: HOST, expected: pins(stranger, otherRoot) })
  })

  it('tells a leaf from an intermediate by its place, not by the CA bit', async () => {
    const own = await leafOf(issuing, [HOST], { ca: true })
    const path = ask([own, issuing], { anchors: TRUST, now: NOW })
    const roles = (of: typeof path) => {
      const { presented } = evidenceOf(verdictOf(rulesOf({ pins: pins(stranger) }), of))
      return (presented as { role: string }[]).map(({ role }) => role)
    }
    assert.deepEqual(roles(path), ['leaf', 'intermediate', 'anchor'])
    assert.deepEqual(roles(twoPaths), ['leaf', 'intermediate', 'anchor', 'intermediate', 'anchor'])
    // Without a path there is no place, and the CA bit is all there is.
    assert.deepEqual(roles(ask([own, issuing], { anchors: [stranger], now: NOW })), ['intermediate', 'intermediate'])
  })

  it('tells the reason why a path does not count', () => {
    const reasonAt = (now: number, trustId = TRUST_ID) =>
      evidenceOf(judge(rulesOf({ pins: pins(root) }), HTTPS, { path: onePath, trustId }, now))['reason']
    assert.equal(reasonAt(0), 'its path has expired since it was verified')
    assert.equal(reasonAt(NOW, trustOf([root]).id), 'its path was verified up to other trust anchors')
  })
})
