import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  evidenceOf,
  HTTP,
  issuing,
  leaf,
  NOW,
  onePath,
  otherRoot,
  pins,
  root,
  rulesOf,
  stranger,
  told,
  twoPaths,
  verdictOf,
} from './judged.ts'
import { HOST } from './x509/question.ts'

describe('a denied key', () => {
  it('refuses every path that it stands in, pinned or not, wherever it stands', () => {
    for (const denied of [leaf, issuing, root]) {
      for (const pinned of [leaf, issuing, root, stranger]) {
        const verdict = verdictOf(rulesOf({ pins: pins(pinned) }, { deny: pins(denied) }))
        assert.equal(told(verdict), 'refuse ERR_KEY_DENIED')
        assert.deepEqual(evidenceOf(verdict)['denied'], pins(denied))
      }
    }
  })

  it('is never forgiven: not by the mode, not by break-glass, not by an expiry, not by the owner of the process', () => {
    const deny = pins(issuing)
    const forgiving: readonly [object, 'report' | undefined][] = [
      [{ pins: pins(leaf), mode: 'report' }, undefined],
      [{ pins: pins(leaf), reportUntil: '2100-01-01T00:00:00Z' }, undefined],
      [{ pins: pins(leaf), expires: '2020-01-01T00:00:00Z', onExpiry: 'report' }, undefined],
      [{ pins: pins(leaf) }, 'report'],
    ]
    for (const [entry, mode] of forgiving) {
      assert.equal(told(verdictOf(rulesOf(entry, { deny }, mode))), 'refuse ERR_KEY_DENIED')
    }
  })

  it('leaves the other paths as they are', () => {
    const deny = pins(root)
    assert.equal(told(verdictOf(rulesOf({ pins: pins(leaf) }, { deny }), twoPaths)), 'accept')
    assert.equal(told(verdictOf(rulesOf({ pins: pins(otherRoot) }, { deny }), twoPaths)), 'accept')
    assert.equal(told(verdictOf(rulesOf({ pins: pins(root) }, { deny }), twoPaths)), 'refuse ERR_PIN_MISMATCH')
    assert.equal(
      told(verdictOf(rulesOf({ pins: pins(leaf) }, { deny: pins(root, otherRoot) }), twoPaths)),
      'refuse ERR_KEY_DENIED',
    )
  })

  it('is told once, although two certificates of the path hold it', () => {
    const { denied } = evidenceOf(verdictOf(rulesOf({ pins: pins(leaf) }, { deny: pins(issuing) }), twoPaths))
    assert.deepEqual(denied, pins(issuing))
  })

  it('refuses a host that no entry covers as well, in every mode that would let it through', () => {
    const deny = pins(issuing)
    for (const rule of ['report', 'allow']) {
      for (const mode of [undefined, 'report'] as const) {
        const verdict = verdictOf(rulesOf(undefined, { default: rule, deny }, mode))
        assert.equal(told(verdict), 'refuse ERR_KEY_DENIED')
        const { denied, presented: _, ...rest } = evidenceOf(verdict)
        assert.deepEqual([denied, rest], [deny, { host: HOST, port: 443, policyVersion: 'v7' }])
      }
    }
  })
})

describe('a host that no entry covers', () => {
  const deny = pins(stranger)
  const unverified = { verified: undefined, reason: 'none', presented: [] }

  it('passes with a path that holds no denied key, as its default says', () => {
    assert.equal(told(verdictOf(rulesOf(undefined, { default: 'allow', deny }))), 'accept')
    assert.equal(told(verdictOf(rulesOf(undefined, { default: 'report', deny }))), 'report ERR_HOST_NOT_COVERED')
    assert.equal(told(verdictOf(rulesOf(undefined, { default: 'deny', deny }))), 'refuse ERR_HOST_NOT_COVERED')
    assert.equal(told(verdictOf(rulesOf(undefined, { default: 'allow', deny: pins(root) }), twoPaths)), 'accept')
  })

  it('keeps Node’s own judgement where nothing is denied: no path of ours is asked for', () => {
    assert.equal(told(verdictOf(rulesOf(undefined, { default: 'allow' }), unverified)), 'accept')
    assert.equal(told(verdictOf(rulesOf(undefined, { default: 'report' }), unverified)), 'report ERR_HOST_NOT_COVERED')
  })

  it('proves no key in the clear, so there is none to deny', () => {
    assert.equal(told(verdictOf(rulesOf(undefined, { default: 'allow', deny }), unverified, NOW, HTTP)), 'accept')
  })

  it('is accepted without a pin, and never as a backup', () => {
    const verdict = verdictOf(rulesOf(undefined, { default: 'allow', deny }), onePath)
    assert.ok(verdict.decision === 'accept')
    assert.deepEqual([verdict.entry, verdict.pin, verdict.isBackup], [undefined, undefined, false])
  })
})
