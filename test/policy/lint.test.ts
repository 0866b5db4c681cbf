import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parsePolicy } from '../../lib/policy/document.ts'
import { lintPolicy } from '../../lib/policy/lint.ts'

const FIRST = 'sha256/grX4Ta9HpZx6tSHkmCrvpApTQGo67CYDnvprLg5yRME='
const SECOND = 'sha256/klO23nT2ehFDXCfx3eHTDRESMz3asj1muO+4aIdjiuY='
const GOOD = { pins: [FIRST, SECOND] }
const NOW = Date.UTC(2027, 0, 1)
const BEFORE = '2026-12-31T00:00:00Z'
const AFTER = '2027-03-02T00:00:00Z'
const SOON = '2027-01-31T00:00:00Z'

/** `severity code path` of each finding. */
function lint(hosts: object, rest: object = {}, now?: number): string[] {
  const policy = parsePolicy({ version: 1, hosts, ...rest })
  return lintPolicy(policy, now).map(({ code, path, severity }) => `${severity} ${code} ${path}`)
}

describe('lint', () => {
  test('finds nothing in a good policy', () => assert.deepEqual(lint({ 'a.example': GOOD }, {}, NOW), []))

  test('finds a list without backup pin, also where one pin is listed twice', () => {
    assert.deepEqual(lint({ 'A.example': { pins: [FIRST] } }), ['warning no-backup-pin hosts["a.example"].pins'])
    assert.deepEqual(lint({ 'a.example': { leafPins: [FIRST], issuerPins: [SECOND, SECOND] } }), [
      'warning no-backup-pin hosts["a.example"].leafPins',
      'warning duplicate-pin hosts["a.example"].issuerPins[1]',
      'warning no-backup-pin hosts["a.example"].issuerPins',
    ])
  })

  test('finds pins that can never match', () => {
    const nothing = 'sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='
    assert.deepEqual(lint({ 'a.example': { pins: [FIRST, nothing] } }, { deny: [FIRST], serial: 1 }), [
      'warning denied-pin hosts["a.example"].pins[0]',
      'warning pin-of-nothing hosts["a.example"].pins[1]',
    ])
  })

  test('finds report mode, and break-glass until it is over', () => {
    const mode = { 'a.example': { ...GOOD, mode: 'report' } }
    assert.deepEqual(lint(mode), ['warning report-mode-on hosts["a.example"].mode'])
    const open = { 'a.example': { ...GOOD, reportUntil: AFTER } }
    const rest = { serial: 1 }
    assert.deepEqual(lint(open, rest, NOW), ['warning report-mode-on hosts["a.example"].reportUntil'])
    assert.deepEqual(lint(open, rest), ['warning report-mode-on hosts["a.example"].reportUntil'])
    assert.deepEqual(lint({ 'a.example': { ...GOOD, mode: 'report', reportUntil: BEFORE } }, rest, NOW), [])
  })

  test('finds a wildcard that leaves its apex out', () => {
    const wildcard = { '*.x.example': GOOD }
    const code = 'wildcard-leaves-apex-open hosts["*.x.example"]'
    assert.deepEqual(lint(wildcard), [`info ${code}`])
    assert.deepEqual(lint(wildcard, { default: 'allow' }), ['info default-allow default', `warning ${code}`])
    assert.deepEqual(lint({ ...wildcard, 'x.example:8443': GOOD }), [`info ${code}`])
    for (const cover of ['x.example', '**.x.example', '**.example', 'x.example:443']) {
      assert.deepEqual(
        lint({ ...wildcard, [cover]: GOOD }).filter((finding) => finding.includes('apex')),
        [],
        cover,
      )
    }
  })

  test('finds what has expired, only when it is told the time', () => {
    const hosts = {
      'a.example': { pins: [FIRST, { sha256: SECOND.slice(7), expires: BEFORE }], expires: BEFORE },
      'b.example': { pins: [FIRST, { sha256: SECOND.slice(7), expires: AFTER }], expires: AFTER },
    }
    assert.deepEqual(lint(hosts, { serial: 1 }), [])
    assert.deepEqual(lint(hosts, { serial: 1 }, NOW), [
      'warning expired-pin hosts["a.example"].pins[1]',
      'warning expired-host hosts["a.example"].expires',
    ])
  })

  test('finds what expires within thirty days', () => {
    const pins = [FIRST, { sha256: SECOND.slice(7), expires: SOON }]
    assert.deepEqual(lint({ 'a.example': { pins, expires: SOON } }, { serial: 1 }, NOW), [
      'warning pin-expires-soon hosts["a.example"].pins[1]',
      'warning host-expires-soon hosts["a.example"].expires',
    ])
    assert.deepEqual(lint({ 'a.example': { pins, expires: SOON } }, { serial: 1 }, NOW - 1), [])
  })

  test('finds a document that an older one could take the place of', () => {
    assert.deepEqual(lint({ 'a.example': GOOD }, { deny: [] }), [])
    assert.deepEqual(lint({ 'a.example': GOOD }, { deny: [`sha256/${'A'.repeat(43)}=`] }), ['info no-serial serial'])
    assert.deepEqual(lint({ 'a.example': { ...GOOD, expires: AFTER } }), ['info no-serial serial'])
    assert.deepEqual(lint({ 'a.example': { ...GOOD, expires: AFTER } }, { serial: 0 }), [])
  })

  test('finds a default that was left on report or allow', () => {
    assert.deepEqual(lint({}, { default: 'report' }), ['warning default-report-on default'])
    assert.deepEqual(lint({}, { default: 'allow' }), ['info default-allow default'])
  })

  test('finds what the roles of keys contradict', () => {
    assert.deepEqual(lint({ 'a.example': { leafPins: [FIRST, SECOND] } }), ['info leaf-pins-only hosts["a.example"]'])
    const both = { leafPins: [FIRST, SECOND], issuerPins: [`sha256/${'A'.repeat(43)}=`, FIRST] }
    assert.deepEqual(lint({ 'a.example': both }), ['warning pin-in-two-lists hosts["a.example"].issuerPins[1]'])
  })

  test('finds one server key behind two names', () => {
    const leaf = { leafPins: [FIRST, SECOND], issuerPins: [`sha256/${'A'.repeat(43)}=`, `sha256/${'A'.repeat(42)}E=`] }
    const other = { ...leaf, leafPins: [`sha256/${'A'.repeat(42)}I=`, SECOND] }
    assert.deepEqual(lint({ 'a.example': leaf, 'b.example': other }), [
      'info shared-leaf-key hosts["b.example"].leafPins[1]',
    ])
  })

  test('finds an entry for one port that loses to a more specific one for every port', () => {
    const other = { pins: [SECOND, FIRST, `sha256/${'A'.repeat(43)}=`] }
    const code = 'warning shadowed-pattern hosts["**.x.example:8443"]'
    for (const narrow of ['x.example', 'a.x.example', 'b.a.x.example', '*.x.example', '**.a.x.example']) {
      const found = lint({ '**.x.example:8443': GOOD, [narrow]: other })
      assert.deepEqual(
        found.filter((finding) => !finding.includes('apex')),
        [code],
        narrow,
      )
    }
    for (const narrow of ['y.example', 'x.example:443', 'x.example:8443', '**.example']) {
      assert.deepEqual(lint({ '**.x.example:8443': GOOD, [narrow]: other }), [], narrow)
    }
    assert.deepEqual(lint({ '**.x.example:8443': GOOD, 'a.x.example': other, 'a.x.example:8443': other }), [
      'info redundant-entry hosts["a.x.example:8443"]',
    ])
  })

  test('finds an entry that changes nothing', () => {
    const reversed = { pins: [SECOND, FIRST] }
    const redundant = (narrow: string) => [`info redundant-entry hosts[${JSON.stringify(narrow)}]`]
    for (const narrow of ['x.example', 'a.x.example', '*.x.example', '**.a.x.example', 'a.x.example:8443']) {
      assert.deepEqual(lint({ '**.x.example': GOOD, [narrow]: reversed }), redundant(narrow), narrow)
      assert.deepEqual(lint({ '**.x.example': GOOD, [narrow]: { ...reversed, expires: AFTER } }, { serial: 1 }), [])
    }
    const between = { pins: [SECOND, FIRST, `sha256/${'A'.repeat(43)}=`] }
    assert.deepEqual(lint({ '**.x.example': GOOD, '**.a.x.example': between, 'b.a.x.example': GOOD }), [])
    assert.deepEqual(lint({ '**.x.example': GOOD, '*.x.example': between, '**.a.x.example': GOOD }), [])
  })
})
