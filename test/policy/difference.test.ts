import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { describeChange, differencesOf } from '../../lib/policy/difference.ts'
import { parsePolicy } from '../../lib/policy/document.ts'

const A = 'sha256/grX4Ta9HpZx6tSHkmCrvpApTQGo67CYDnvprLg5yRME='
const B = 'sha256/klO23nT2ehFDXCfx3eHTDRESMz3asj1muO+4aIdjiuY='
const C = 'sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='
const bare = (pin: string) => pin.slice('sha256/'.length)

/** What changed, as people read it. */
function told(from: unknown, to: unknown): string[] {
  return differencesOf(parsePolicy(from), parsePolicy(to)).map(describeChange)
}

const full = (entry: object, rest: object = {}) => ({ version: 1, hosts: { 'api.x.example': entry }, ...rest })

describe('the difference of two policies', () => {
  it('is none between two ways of writing the same', () => {
    assert.deepEqual(told({ 'API.x.example.': [A, B] }, full({ pins: [A, { sha256: bare(B) }], mode: 'enforce' })), [])
  })

  it('tells pins that came and went, with their names and ends, and which one is first now', () => {
    const next = { sha256: bare(B), name: 'next key', expires: '2027-06-30T00:00:00Z' }
    assert.deepEqual(told(full({ pins: [A, C] }), full({ pins: [next, A] })), [
      `+ hosts["api.x.example"].pins  ${B}  next key  until 2027-06-30T00:00:00.000Z`,
      `- hosts["api.x.example"].pins  ${C}`,
      `~ hosts["api.x.example"].pins  first is ${B}, was ${A}`,
    ])
  })

  it('tells a pin that got another name or end', () => {
    const named = { sha256: bare(A), name: 'old "key"' }
    assert.deepEqual(told(full({ pins: [A, B] }), full({ pins: [named, B] })), [
      `~ hosts["api.x.example"].pins  ${A}  no name -> "old \\"key\\""`,
    ])
  })

  it('keeps the lists of an entry apart', () => {
    assert.deepEqual(told(full({ leafPins: [A] }), full({ issuerPins: [A] })), [
      `- hosts["api.x.example"].leafPins  ${A}`,
      `+ hosts["api.x.example"].issuerPins  ${A}`,
    ])
  })

  it('tells hosts that came and went, the latter last', () => {
    assert.deepEqual(told({ 'a.example': [A], 'b.example': [A] }, { 'b.example': [A], 'c.example': [A, B] }), [
      '+ hosts["c.example"]  2 pins',
      '- hosts["a.example"]  1 pin',
    ])
  })

  it('tells what holds for the whole document, and the settings of an entry', () => {
    const from = full({ pins: [A] }, { serial: 7, deny: [C] })
    const to = full(
      { pins: [A], mode: 'report', expires: '2027-01-01T00:00:00Z', onExpiry: 'report' },
      { serial: 8, default: 'allow', deny: [B] },
    )
    assert.deepEqual(told(from, to), [
      '~ serial  7 -> 8',
      '~ default  deny -> allow',
      `+ deny  ${B}`,
      `- deny  ${C}`,
      '~ hosts["api.x.example"].mode  enforce -> report',
      '~ hosts["api.x.example"].expires  none -> 2027-01-01T00:00:00.000Z',
      '~ hosts["api.x.example"].onExpiry  enforce -> report',
    ])
  })

  it('is data as well', () => {
    const [change] = differencesOf(parsePolicy({ 'a.example': [A, B] }), parsePolicy({ 'a.example': [A, C] }))
    assert.deepEqual(change, { kind: 'pin-added', path: 'hosts["a.example"].pins', pin: C })
  })
})
