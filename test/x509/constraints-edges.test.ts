import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { forbiddenName, readNameConstraints } from '../../lib/x509/constraints.ts'
import { readDer } from '../../lib/x509/der.ts'
import { readGeneralName } from '../../lib/x509/name.ts'
import { sequence, text, tlv } from './encode.ts'

const addresses = (...bytes: readonly number[]) => tlv(0x87, Buffer.from(bytes))
const permitting = (...subtrees: readonly Buffer[]) => sequence(tlv(0xa0, ...subtrees.map((name) => sequence(name))))

describe('name constraints that are refused', () => {
  const refused = (extension: Buffer, message: string) =>
    assert.throws(() => readNameConstraints(extension), { name: 'DerError', message })

  it('say nothing', () => refused(sequence(), 'name constraints without a subtree'))

  it('hold an address range of the wrong size', () => {
    for (const size of [0, 7, 9, 16, 31, 33]) {
      refused(permitting(addresses(...Array(size).fill(0))), 'an address range of the wrong size')
    }
  })

  it('hold an address mask with a hole, wherever in a byte it is', () => {
    for (const mask of [
      [255, 127, 0, 0],
      [255, 1, 0, 0],
      [127, 0, 0, 0],
      [0, 0, 0, 1],
      [255, 253, 0, 0],
    ]) {
      refused(permitting(addresses(10, 0, 0, 0, ...mask)), 'an address mask with a hole')
    }
    for (const mask of [
      [254, 0, 0, 0],
      [255, 128, 0, 0],
      [255, 255, 255, 255],
      [0, 0, 0, 0],
    ]) {
      assert.equal(readNameConstraints(permitting(addresses(10, 0, 0, 0, ...mask))).permitted.length, 1)
    }
  })
})

describe('forms of names that are not compared', () => {
  const registeredId = tlv(0x88, Buffer.of(42, 3))
  const x400Address = tlv(0xa3, sequence())
  const name = (encoding: Buffer) => readGeneralName(readDer(encoding))

  it('are still told apart: a CA that is constrained in one may speak for another', () => {
    const constraints = readNameConstraints(permitting(registeredId))
    assert.equal(forbiddenName(constraints, [name(x400Address), name(text(0x82, 'a.test'))]), undefined)
    assert.deepEqual(forbiddenName(constraints, [name(x400Address), name(registeredId)]), { form: 'other', tag: 0x88 })
  })
})
