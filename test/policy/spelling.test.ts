import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nearestWord } from '../../lib/policy/spelling.ts'

test('the nearest known word is the one that a slip of the pen came from', () => {
  const known = ['pins', 'leafPins', 'issuerPins', 'mode', 'expires', 'onExpiry', 'sha256']
  for (const [written, meant] of [
    ['sha265', 'sha256'],
    ['SHA256', 'sha256'],
    ['leafpin', 'leafPins'],
    ['pin', 'pins'],
    ['expiry', 'expires'],
    ['expire', 'expires'],
    ['comment', undefined],
    ['', undefined],
    ['pins'.repeat(20), undefined],
  ] as const) {
    assert.equal(nearestWord(written, known), meant, written)
  }
})
