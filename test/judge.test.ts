import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { judge, judgeCall, type Rules } from '../lib/judge.ts'
import { parsePolicy } from '../lib/policy/document.ts'
import type { PathResult } from '../lib/x509/path.ts'
import {
  evidenceOf,
  HTTP,
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
import { ask, HOST, trustOf } from './x509/question.ts'

describe('before a connection exists, a call', () => {
  it('to a covered host goes out over TLS, and never in the clear, whatever the mode', () => {
    const entries = [
      { pins: pins(leaf) },
      { pins: pins(leaf), mode: 'report' },
      { pins: pins(leaf), reportUntil: '2100-01-01T00:00:00Z' },
    ]
    for (const entry of entries) {
      for (const mode of [undefined, 'enforce', 'report'] as const) {
        const rules = rulesOf(entry, { default: 'allow' }, mode)
        assert.equal(told(judgeCall(rules, HTTPS)), 'accept')
        assert.equal(told(judgeCall(rules, HTTP)), 'refuse ERR_PLAINTEXT_REFUSED')
        assert.equal(told(verdictOf(rules, onePath, NOW, HTTP)), 'refuse ERR_PLAINTEXT_REFUSED')
      }
    }
  })

  const uncovered = {
    deny: {
      document: 'refuse ERR_HOST_NOT_COVERED',
      enforce: 'refuse ERR_HOST_NOT_COVERED',
      report: 'report ERR_HOST_NOT_COVERED',
    },
    report: {
      document: 'report ERR_HOST_NOT_COVERED',
      enforce: 'refuse ERR_HOST_NOT_COVERED',
      report: 'report ERR_HOST_NOT_COVERED',
    },
    allow: { document: 'accept', enforce: 'accept', report: 'accept' },
  } as const
  for (const [rule, { document, enforce, report }] of Object.entries(uncovered)) {
    it(`to a host that no entry covers follows the default "${rule}", in the clear as well`, () => {
      for (const call of [HTTPS, HTTP]) {
        assert.equal(told(judgeCall(rulesOf(undefined, { default: rule }), call)), document)
        assert.equal(told(judgeCall(rulesOf(undefined, { default: rule }, 'enforce'), call)), enforce)
        assert.equal(told(judgeCall(rulesOf(undefined, { default: rule }, 'report'), call)), report)
      }
    })
  }

  it('to a host that no entry covers is refused where the document says nothing', () => {
    assert.deepEqual(evidenceOf(judgeCall(rulesOf(undefined), HTTP)), {
      host: HOST,
      port: 80,
      policyVersion: 'v7',
      protocol: 'http:',
    })
  })

  it('to another port than the entry’s is covered by nothing', () => {
    const rules: Rules = { policy: parsePolicy({ version: 1, hosts: { [`${HOST}:8443`]: { pins: pins(leaf) } } }) }
    assert.equal(told(judgeCall(rules, { ...HTTPS, port: 8443 })), 'accept')
    assert.equal(told(judgeCall(rules, HTTPS)), 'refuse ERR_HOST_NOT_COVERED')
  })
})

describe('plain HTTP to a host that is pinned at a port', () => {
  const at = (pattern: string, port: number) => {
    const policy = parsePolicy({ version: 1, default: 'allow', hosts: { [pattern]: { pins: pins(leaf) } } })
    return told(judgeCall({ policy }, { ...HTTP, port }))
  }

  it('is refused on any port when that is the port of HTTPS: both names mean the same partner', () => {
    for (const port of [80, 443, 8080]) assert.equal(at(`${HOST}:443`, port), 'refuse ERR_PLAINTEXT_REFUSED')
  })

  it('is refused on that port, and no other, when it is another', () => {
    assert.equal(at(`${HOST}:8443`, 8443), 'refuse ERR_PLAINTEXT_REFUSED')
    assert.equal(at(`${HOST}:8443`, 80), 'accept')
  })
})

describe('a connection to a pinned host', () => {
  it('is accepted by the pin of any key of its path', () => {
    for (const held of [leaf, issuing, root]) {
      const verdict = verdictOf(rulesOf({ pins: pins(stranger, held) }))
      assert.ok(verdict.decision === 'accept')
      assert.equal(`sha256/${verdict.pin?.sha256}`, held.pin)
      assert.equal(verdict.entry?.pattern.text, HOST)
    }
  })

  it('is refused when no key of its path is pinned, with all that it takes to see why', () => {
    const verdict = verdictOf(rulesOf({ pins: pins(stranger, otherRoot) }))
    assert.equal(told(verdict), 'refuse ERR_PIN_MISMATCH')
    const { presented, ...rest } = evidenceOf(verdict)
    assert.deepEqual(rest, {
      host: HOST,
      port: 443,
      pattern: HOST,
      policyVersion: 'v7',
      expected: pins(stranger, otherRoot),
    })
    const shown = presented as { pin: string; role: string; subject: string; notAfter: string }[]
    assert.deepEqual(
      shown.map(({ pin, role, subject }) => [pin, role, subject]),
      [
        [leaf.pin, 'leaf', 'CN=a.test'],
        [issuing.pin, 'intermediate', 'CN=Issuing'],
        [root.pin, 'anchor', 'CN=Root'],
      ],
    )
    assert.ok(shown.every(({ notAfter }) => Date.parse(notAfter) > NOW))
  })

  it('is accepted by a pin on any of its paths, though another path has none', () => {
    assert.equal(told(verdictOf(rulesOf({ pins: pins(otherRoot) }))), 'refuse ERR_PIN_MISMATCH')
    assert.equal(told(verdictOf(rulesOf({ pins: pins(otherRoot) }), twoPaths)), 'accept')
    assert.equal(told(verdictOf(rulesOf({ pins: pins(root) }), twoPaths)), 'accept')
  })

  it('is told apart by which pin matched: one that is not the first of its list is a backup', () => {
    const backup = (entry: object, path = onePath) => {
      const verdict = verdictOf(rulesOf(entry), path)
      assert.ok(verdict.decision === 'accept')
      return verdict.isBackup
    }
    assert.equal(backup({ pins: pins(leaf, stranger) }), false)
    assert.equal(backup({ pins: pins(stranger, leaf) }), true)
    assert.equal(backup({ pins: pins(root, leaf) }), false)
    assert.equal(backup({ pins: pins(otherRoot, root) }), true)
    assert.equal(backup({ pins: pins(otherRoot, root) }, twoPaths), false)
    assert.equal(backup({ leafPins: pins(leaf), issuerPins: pins(stranger, issuing) }), true)
    assert.equal(backup({ leafPins: pins(leaf), issuerPins: pins(issuing, stranger) }), false)
  })
})

describe('pins of the leaf and pins of the issuers', () => {
  const table: readonly [string, object, PathResult, string][] = [
    ['the leaf’s key as leaf', { leafPins: pins(leaf) }, onePath, 'accept'],
    ['the issuing key as leaf', { leafPins: pins(issuing) }, onePath, 'refuse ERR_PIN_MISMATCH'],
    ['the issuing key as issuer', { issuerPins: pins(issuing) }, onePath, 'accept'],
    ['the root’s key as issuer', { issuerPins: pins(root) }, onePath, 'accept'],
    ['the leaf’s key as issuer', { issuerPins: pins(leaf) }, onePath, 'refuse ERR_PIN_MISMATCH'],
    ['both right', { leafPins: pins(leaf), issuerPins: pins(root) }, onePath, 'accept'],
    ['the issuer wrong', { leafPins: pins(leaf), issuerPins: pins(stranger) }, onePath, 'refuse ERR_PIN_MISMATCH'],
    ['the leaf wrong', { leafPins: pins(stranger), issuerPins: pins(root) }, onePath, 'refuse ERR_PIN_MISMATCH'],
    [
      'both right and the general list wrong',
      { pins: pins(stranger), leafPins: pins(leaf) },
      onePath,
      'refuse ERR_PIN_MISMATCH',
    ],
    ['all three right', { pins: pins(root), leafPins: pins(leaf), issuerPins: pins(issuing) }, onePath, 'accept'],
    [
      'one list right on each path, both on none',
      { pins: pins(root), issuerPins: pins(otherRoot) },
      twoPaths,
      'refuse ERR_PIN_MISMATCH',
    ],
    ['both lists right on the second path', { leafPins: pins(leaf), issuerPins: pins(otherRoot) }, twoPaths, 'accept'],
  ]
  for (const [what, entry, path, expected] of table) {
    it(`give "${expected}" with ${what}`, () => assert.equal(told(verdictOf(rulesOf(entry), path)), expected))
  }
})

describe('a connection without a proven path is refused, whatever mode and default say', () => {
  const forgiving: readonly [object | undefined, object, 'report' | undefined][] = [
    [{ pins: pins(leaf) }, {}, undefined],
    [{ pins: pins(leaf), mode: 'report' }, {}, undefined],
    [{ pins: pins(leaf), reportUntil: '2100-01-01T00:00:00Z' }, {}, undefined],
    [{ pins: pins(leaf) }, {}, 'report'],
    [{ pins: pins(leaf), expires: '2020-01-01T00:00:00Z', onExpiry: 'report' }, {}, undefined],
    [undefined, { default: 'report', deny: pins(stranger) }, undefined],
    [undefined, { default: 'allow', deny: pins(stranger) }, 'report'],
  ]
  const reasonFor = (path: PathResult, trustId = TRUST_ID) => {
    const reasons = forgiving.map(([entry, rest, mode]) => {
      const verdict = judge(rulesOf(entry, rest, mode), HTTPS, { path, trustId }, NOW)
      assert.equal(told(verdict), 'refuse ERR_PATH_NOT_VERIFIED')
      return evidenceOf(verdict)['reason']
    })
    assert.equal(new Set(reasons).size, 1)
    return String(reasons[0])
  }

  it('when none was verified, with the reason of the verifier and what was shown', () => {
    const unverified = ask([leaf, issuing], { anchors: [stranger], now: NOW })
    assert.match(reasonFor(unverified), /no issuer of "CN=Issuing"/)
    const { presented } = evidenceOf(verdictOf(rulesOf({ pins: pins(leaf) }), unverified))
    assert.deepEqual(
      (presented as { role: string }[]).map(({ role }) => role),
      ['leaf', 'intermediate'],
    )
  })

  it('when it was verified for another host', () => {
    assert.match(reasonFor(ask([leaf, issuing], { anchors: TRUST, host: 'b.test', now: NOW })), /verified for "b.test"/)
  })

  it('when it was verified up to other anchors than the rules demand', () => {
    assert.match(reasonFor(onePath, trustOf([root]).id), /other trust anchors/)
  })

  it('when it has expired since, or the clock went back before its beginning', () => {
    const { verified } = onePath
    assert.ok(verified)
    const [{ validFrom, validUntil } = { validFrom: 0, validUntil: 0 }] = verified.paths
    const at = (now: number) =>
      told(judge(rulesOf({ pins: pins(leaf), mode: 'report' }), HTTPS, { path: onePath, trustId: TRUST_ID }, now))
    assert.deepEqual([at(validFrom), at(validUntil)], ['accept', 'accept'])
    assert.deepEqual(
      [at(validFrom - 1), at(validUntil + 1)],
      ['refuse ERR_PATH_NOT_VERIFIED', 'refuse ERR_PATH_NOT_VERIFIED'],
    )
  })
})
