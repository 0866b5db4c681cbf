import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DerError, TAG } from '../../lib/x509/der.ts'
import { readName } from '../../lib/x509/name.ts'
import { ATTRIBUTE, distinguishedName, sequence, set, text, tlv, universalString } from './encode.ts'

const nameOf = (value: Buffer) => readName(distinguishedName([ATTRIBUTE.organization, value]))
const comparable = (value: Buffer) => JSON.parse(nameOf(value)[0] ?? '')[0] as string
const utf8 = (characters: string) => comparable(text(TAG.utf8String, characters))

describe('the comparable form of a name', () => {
  it('is the type and the value of each attribute, the value folded', () => {
    assert.deepEqual(nameOf(text(TAG.utf8String, 'Example CA')), ['["2.5.4.10=example ca"]'])
  })

  for (const [what, blank] of Object.entries({
    tab: '\t',
    'line feed': '\n',
    'vertical tab': '\v',
    'form feed': '\f',
    'carriage return': '\r',
    blank: ' ',
  })) {
    it(`makes one blank of each ${what}, of several, and none at the ends`, () => {
      assert.equal(utf8(`${blank}a${blank}b${blank}${blank}c${blank}`), '2.5.4.10=a b c')
      assert.equal(utf8(`${blank}${blank}`), '2.5.4.10=')
    })
  }

  it('keeps every other character between its letters as it is', () => {
    assert.equal(utf8('A\u00a0-_.Z@[`{'), '2.5.4.10=a\u00a0-_.z@[`{')
  })
})

describe('a value that is no string that Unicode knows', () => {
  const bytesOf = (tag: number, ...content: number[]) => comparable(tlv(tag, Buffer.from(content)))

  it('is compared by its bytes: a UniversalString beyond the last character, or with a piece of one', () => {
    assert.equal(bytesOf(TAG.universalString, 0, 0x10, 0xff, 0xff), '2.5.4.10=\u{10ffff}')
    assert.equal(bytesOf(TAG.universalString, 0, 0x11, 0, 0), '2.5.4.10=#1c0400110000')
    assert.equal(bytesOf(TAG.universalString, 0xff, 0xff, 0xff, 0xff), '2.5.4.10=#1c04ffffffff')
    assert.equal(bytesOf(TAG.universalString, 0, 0, 0, 0x61, 0), '2.5.4.10=#1c050000006100')
    assert.equal(bytesOf(TAG.bmpString, 0, 0x61, 0), '2.5.4.10=#1e03006100')
  })

  it('and one good character does not hide a bad one', () => {
    assert.equal(bytesOf(TAG.universalString, 0, 0, 0, 0x61, 0, 0x11, 0, 0), '2.5.4.10=#1c080000006100110000')
  })

  it('is told by its tag and all its bytes, and a string by its characters, beyond the BMP as well', () => {
    assert.equal(bytesOf(TAG.octetString, 0x61), '2.5.4.10=#040161')
    assert.equal(comparable(universalString('aé💩')), '2.5.4.10=aé💩')
  })
})

describe('an attribute of a name', () => {
  it('must be a SEQUENCE’s worth of two fields, and no more', () => {
    const type = Buffer.of(6, 3, 0x55, 4, 3)
    const value = text(TAG.utf8String, 'a')
    assert.equal(readName(sequence(set(sequence(type, value)))).length, 1)
    for (const fields of [[type], [value], [type, value, value], []]) {
      assert.throws(() => readName(sequence(set(sequence(...fields)))), DerError)
    }
  })
})
