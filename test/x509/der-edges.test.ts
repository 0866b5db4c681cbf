import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DerError, readDer, readFlags, readObjectIdentifier, readTime, TAG } from '../../lib/x509/der.ts'
import { objectIdentifier, text, tlv } from './encode.ts'

const bytes = (hexadecimal: string) => Buffer.from(hexadecimal.replaceAll(' ', ''), 'hex')
const identifier = (content: string) => readObjectIdentifier(readDer(tlv(TAG.objectIdentifier, bytes(content))))

describe('an OBJECT IDENTIFIER at its edges', () => {
  for (const dotted of ['0.0', '0.39', '1.0', '1.39', '2.0', '2.1', '1.2.127', '1.2.127.3', '1.2.128', '1.2.16384']) {
    it(`is read as it is written: ${dotted}`, () => {
      assert.equal(readObjectIdentifier(readDer(objectIdentifier(dotted))), dotted)
    })
  }

  it('holds an arc up to 2^46 - 1, and no greater one: every number up to there is told apart', () => {
    assert.equal(identifier('2a 8f ff ff ff ff ff 7f'), `1.2.${2 ** 46 - 1}`)
    assert.throws(() => identifier('2a 90 80 80 80 80 80 00'), DerError)
  })

  it('does not end inside an arc, whatever the last byte adds to it', () => {
    for (const content of ['55 81 80', '55 81 81', '55 ff', '81 80']) assert.throws(() => identifier(content), DerError)
  })
})

describe('flags of a BIT STRING at their edges', () => {
  const flags = (content: string) => readFlags(readDer(tlv(TAG.bitString, bytes(content))))

  it('are each told by one bit, up to the twenty-fourth', () => {
    for (let bit = 0; bit < 24; bit++) {
      const content = Buffer.alloc(4)
      content.writeUInt8(0x80 >> (bit & 7), 1 + (bit >> 3))
      assert.equal(flags(content.toString('hex')), 1 << bit)
    }
    assert.equal(flags('00ffffff'), 2 ** 24 - 1)
  })
})

describe('a time is refused', () => {
  for (const [tag, characters, what] of [
    [TAG.utf8String, '20240101000000Z', 'that is a GeneralizedTime in a string'],
    [TAG.generalizedTime, '120240101000000Z', 'with five digits of year'],
    [TAG.generalizedTime, '20240101000000Z1', 'with something after it, as GeneralizedTime'],
    [TAG.utcTime, '240101000000Z1', 'with something after it, as UTCTime'],
    [TAG.utcTime, '240101990000Z', 'at 99 o’clock'],
    [TAG.utcTime, '240199000000Z', 'on 99 January'],
    [TAG.utcTime, '240131240000Z', 'at the 24th hour of the last day of a month'],
  ] as const) {
    it(what, () => assert.throws(() => readTime(readDer(text(tag, characters))), DerError))
  }
})
