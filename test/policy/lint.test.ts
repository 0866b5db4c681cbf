import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parsePolicy } from '../../lib/policy/document.ts'
import { lintPolicy } from '../../lib/policy/lint.ts'

const FIRST = 'sha256/grX4Ta9HpZx6tSHkmCrvpApTQGo67CYDnvprLg5yRME='
const SECOND = 'sha256/klO23nT2ehFDXCfx3eHTDRESMz3asj1muO+4aIdjiuY='
const GOOD = { pins: [FIRST, SECOND] }
const NOW = Date.UTC(2027, 0, 1)
const BEFORE = '2026-12-31T00:00:00Z'
const AFTER = '2027-01-02T00:00:00Z'

/** `severity code path` of each finding. */
function lint(hosts: object, rest: object = {}, now?: number): string[] {
  const policy = parsePolicy({ version: 1, hosts, ...rest })
  return lintPolicy(policy, now).map(({ code, path, severity }) => `${severity} ${code} ${path}`)
}

describe('lint', () => {
  test('finds nothing in a good policy', () => assert.deepEqual(lint({ 'a.example': GOOD }, {}, NOW), []))

  test('finds a list without backup pin, also where one pin is listed twice', () => {
    assert.deepEqual(lint({ 'A.example': { pins: [FIRST] } }), ['warning no-backup-pin hosts["a.example"].pins'])
    assert.deepEqual(lint({ 'a.example': { leafPins: [FIRST], issuerPins: [FIRST, FIRST] } }), [
      'warning no-backup-pin hosts["a.example"].leafPins',
      'warning duplicate-pin hosts["a.example"].issuerPins[1]',
      'warning no-backup-pin hosts["a.example"].issuerPins',
    ])
  })

  test('finds pins that can never match', () => {
    const nothing = 'sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='
    assert.deepEqual(lint({ 'a.example': { pins: [FIRST, nothing] } }, { deny: [FIRST] }), [
      'warning denied-pin hosts["a.example"].pins[0]',
      'warning pin-of-nothing hosts["a.example"].pins[1]',
    ])
  })

  test('finds report mode, and break-glass until it is over', () => {
    const mode = { 'a.example': { ...GOOD, mode: 'report' } }
    assert.deepEqual(lint(mode), ['warning report-mode-on hosts["a.example"].mode'])
    const open = { 'a.example': { ...GOOD, reportUntil: AFTER } }
    assert.deepEqual(lint(open, {}, NOW), ['warning report-mode-on hosts["a.example"].reportUntil'])
    assert.deepEqual(lint(open), ['warning report-mode-on hosts["a.example"].reportUntil'])
    assert.deepEqual(lint({ 'a.example': { ...GOOD, mode: 'report', reportUntil: BEFORE } }, {}, NOW), [])
  })

  test('finds a wildcard that leaves its apex out', () => {
    const wildcard = { '*.x.example': GOOD }
    const code = 'wildcard-leaves-apex-open hosts["*.x.example"]'
    assert.deepEqual(lint(wildcard), [`info ${code}`])
    assert.deepEqual(lint(wildcard, { default: 'allow' }), [`warning ${code}`])
    assert.deepEqual(lint({ ...wildcard, 'x.example:8443': GOOD }), [`info ${code}`])
    for (const cover of ['x.example', '**.x.example', '**.example', 'x.example:443']) {
      assert.deepEqual(
        lint({ ...wildcard, [cover]: GOOD }).filter((finding) => finding.includes('"*.x.example"')),
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
    assert.deepEqual(lint(hosts), [])
    assert.deepEqual(lint(hosts, {}, NOW), [
      'warning expired-pin hosts["a.example"].pins[1]',
      'warning expired-host hosts["a.example"].expires',
    ])
  })
})
