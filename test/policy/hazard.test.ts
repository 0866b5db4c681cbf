import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parsePolicy } from '../../lib/policy/document.ts'
import { hazardsOf } from '../../lib/policy/hazard.ts'

const A = 'sha256/grX4Ta9HpZx6tSHkmCrvpApTQGo67CYDnvprLg5yRME='
const B = 'sha256/klO23nT2ehFDXCfx3eHTDRESMz3asj1muO+4aIdjiuY='
const C = 'sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='
const NOW = Date.parse('2026-06-01T00:00:00Z')

function codes(from: unknown, to: unknown): string[] {
  return hazardsOf(parsePolicy(from), parsePolicy(to), NOW).map(({ code, path }) => `${code} ${path}`)
}

const full = (hosts: object, rest: object = {}) => ({ version: 1, hosts, ...rest })

describe('what would lock the owner out', () => {
  it('is a serial that falls or goes; one that stays or comes is none', () => {
    const one = { 'a.example': { pins: [A] } }
    assert.deepEqual(codes(full(one, { serial: 7 }), full(one, { serial: 6 })), ['serial-falls serial'])
    assert.deepEqual(codes(full(one, { serial: 7 }), full(one)), ['serial-falls serial'])
    assert.deepEqual(codes(full(one, { serial: 7 }), full(one, { serial: 7 })), [])
    assert.deepEqual(codes(full(one), full(one, { serial: 1 })), [])
  })

  it('is the last serial of all, which nothing can follow; one that is there already is none', () => {
    const one = { 'a.example': { pins: [A] } }
    const last = { serial: Number.MAX_SAFE_INTEGER }
    assert.deepEqual(codes(full(one, { serial: 7 }), full(one, last)), ['serial-ends serial'])
    assert.deepEqual(codes(full(one), full(one, last)), ['serial-ends serial'])
    assert.deepEqual(codes(full(one, last), full(one, last)), [])
    assert.deepEqual(codes(full(one, { serial: 7 }), full(one, { serial: Number.MAX_SAFE_INTEGER - 1 })), [])
  })

  it('is a default that is narrowed to "deny"; one that only reports is none', () => {
    const one = { 'a.example': { pins: [A] } }
    const by = (rule?: string) => full(one, rule === undefined ? {} : { default: rule })
    for (const before of ['allow', 'report']) {
      assert.deepEqual(codes(by(before), by('deny')), ['host-refused default'])
      assert.deepEqual(codes(by(before), by()), ['host-refused default'])
      assert.deepEqual(codes(by(before), by('report')), [])
      assert.deepEqual(codes(by('deny'), by(before)), [])
    }
    assert.deepEqual(codes(by('deny'), by()), [])
  })

  it('is a host none of whose pins stays; one that stays is enough', () => {
    assert.deepEqual(codes({ 'a.example': [A, B] }, { 'a.example': [C] }), [
      'every-pin-replaced hosts["a.example"].pins',
    ])
    assert.deepEqual(codes({ 'a.example': [A, B] }, { 'a.example': [C, B] }), [])
  })

  it('is a pin that stays in words only: denied, or expired', () => {
    const to = full({ 'a.example': { pins: [A] } }, { deny: [A] })
    assert.deepEqual(codes({ 'a.example': [A] }, to), ['no-pin-can-match hosts["a.example"].pins'])
    const expired = { sha256: A.slice(7), expires: '2026-05-31T00:00:00Z' }
    assert.deepEqual(codes({ 'a.example': [A] }, full({ 'a.example': { pins: [expired, C] } })), [
      'every-pin-replaced hosts["a.example"].pins',
    ])
  })

  it('is not what was so before', () => {
    const dead = full({ 'a.example': { pins: [A] } }, { deny: [A] })
    assert.deepEqual(codes(dead, dead), [])
  })

  it('is a host that is gone, unless another entry covers it or the default lets it through', () => {
    const from = { 'a.example': [A], 'b.example': [A] }
    assert.deepEqual(codes(from, { 'b.example': [A] }), ['host-refused hosts["a.example"]'])
    assert.deepEqual(codes(from, full({ 'b.example': { pins: [A] } }, { default: 'report' })), [])
    assert.deepEqual(codes({ 'a.x.example': [A] }, { '*.x.example': [A, B] }), [])
    assert.deepEqual(codes({ 'a.x.example': [A] }, { '*.x.example': [B] }), [
      'every-pin-replaced hosts["*.x.example"].pins',
    ])
    assert.deepEqual(codes({ '*.x.example': [A] }, { '**.x.example': [A] }), [])
  })
})
