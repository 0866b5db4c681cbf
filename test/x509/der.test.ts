import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  contextTag,
  DerError,
  DerReader,
  type DerValue,
  readBoolean,
  readDer,
  readFlags,
  readObjectIdentifier,
  readSmallInteger,
  readTime,
  TAG,
} from '../../lib/x509/der.ts'
import { objectIdentifier, sequence, text, tlv } from './encode.ts'

const refused = (read: () => unknown, problem: RegExp) =>
  assert.throws(read, (error) => error instanceof DerError && problem.test(error.message))

const bytes = (hexadecimal: string) => Buffer.from(hexadecimal.replaceAll(' ', ''), 'hex')

/** A value of `tag` whose content is written in hexadecimal. */
const value = (tag: number, hexadecimal: string): DerValue => readDer(tlv(tag, bytes(hexadecimal)))

describe('a tag-length-value', () => {
  it('is read as tag, content and the whole of it, without a copy', () => {
    const input = tlv(TAG.octetString, Buffer.from('abc'))
    const { tag, content, whole } = readDer(input, TAG.octetString)
    assert.deepEqual([tag, content.toString(), whole.toString('hex')], [0x04, 'abc', '0403616263'])
    assert.equal(content.buffer, input.buffer)
  })

  for (const length of [0, 1, 127, 128, 255, 256, 65_535, 65_536, 70_000]) {
    it(`of ${length} bytes is read to its last byte`, () => {
      assert.equal(readDer(tlv(TAG.octetString, Buffer.alloc(length))).content.length, length)
    })
  }

  it('that ends before its length says so is refused, wherever it is cut', () => {
    const whole = sequence(tlv(TAG.octetString, Buffer.alloc(300)), sequence(tlv(TAG.integer, Buffer.of(1))))
    for (let end = 0; end < whole.length; end++) {
      refused(() => readDer(whole.subarray(0, end)), /past the end|an end where a value belongs/)
    }
  })

  const malformed = {
    'an indefinite length': ['3080 0201 01 0000', /not DER/],
    'a length of five bytes': ['04 85 0000000001 00', /not DER/],
    'the reserved length 0xff': ['04 ff 00', /not DER/],
    'a long length for what fits a short one': ['04 81 01 00', /not minimal/],
    'a long length of nothing': ['04 81 00', /not minimal/],
    'a long length of 127': [`04 81 7f ${'00'.repeat(127)}`, /not minimal/],
    'a two-byte length for what fits one': [`04 82 00ff ${'00'.repeat(255)}`, /not minimal/],
    'a four-byte length for what fits three': ['04 84 00ffffff', /not minimal/],
    'a length of four gigabytes': ['04 84 ffffffff 00', /past the end/],
    'a tag of several bytes': ['1f 81 01 01 00', /several bytes/],
    'a constructed tag of several bytes': ['bf 81 01 01 00', /several bytes/],
    'bytes after it': ['0401 00 00', /after the last field/],
    'nothing at all': ['', /an end where/],
    'a tag alone': ['04', /an end where/],
    'a length that ends early': ['0482 01', /an end where/],
  } satisfies Record<string, [string, RegExp]>
  for (const [what, [hexadecimal, problem]] of Object.entries(malformed)) {
    it(`with ${what} is refused`, () => refused(() => readDer(bytes(hexadecimal)), problem))
  }

  it('of another tag than the wanted one is refused by both names', () => {
    refused(() => readDer(bytes('0401 00'), TAG.sequence), /tag 0x04 where 0x30 belongs/)
  })
})

describe('a reader of fields', () => {
  it('reads them in order, passes over an optional one that is not there, and knows its end', () => {
    const reader = new DerReader(Buffer.concat([bytes('0101ff'), bytes('020105')]))
    assert.equal(reader.readOptional(TAG.integer), undefined)
    assert.equal(reader.readOptional(TAG.boolean)?.content.toString('hex'), 'ff')
    refused(() => reader.end(), /after the last field/)
    assert.equal(reader.read(TAG.integer).content.toString('hex'), '05')
    assert.equal(reader.atEnd, true)
    reader.end()
    assert.equal(reader.readOptional(TAG.integer), undefined)
  })

  it('lists what is left, and refuses a list whose last value is cut', () => {
    const list = [tlv(TAG.integer, Buffer.of(1)), tlv(TAG.integer, Buffer.of(2))]
    const tags = [...new DerReader(Buffer.concat(list)).rest()].map(({ content }) => content[0])
    assert.deepEqual(tags, [1, 2])
    refused(() => [...new DerReader(Buffer.concat(list).subarray(0, 5)).rest()], /past the end/)
  })

  it('knows context tags in both forms', () => {
    assert.deepEqual([contextTag(0, 'constructed'), contextTag(2, 'primitive')], [0xa0, 0x82])
  })
})

describe('a BOOLEAN', () => {
  it('is 00 or ff and nothing between', () => {
    assert.equal(readBoolean(value(TAG.boolean, '00')), false)
    assert.equal(readBoolean(value(TAG.boolean, 'ff')), true)
    for (const content of ['', '01', '7f', 'fe', 'ffff'])
      refused(() => readBoolean(value(TAG.boolean, content)), /BOOLEAN/)
  })
})

describe('a small INTEGER', () => {
  it('is read when it is not negative and minimal', () => {
    const known = { '00': 0, '02': 2, '7f': 127, '0080': 128, '00ff': 255, '0100': 256, '7fffffff': 2 ** 31 - 1 }
    for (const [content, number] of Object.entries(known)) {
      assert.equal(readSmallInteger(value(TAG.integer, content)), number)
    }
  })

  for (const content of ['', '80', 'ff', 'ffffffff', '0000', '0001', '007f', '0080000000', '0100000000']) {
    it(`written ${content || 'as nothing'} is refused`, () => {
      refused(() => readSmallInteger(value(TAG.integer, content)), /INTEGER/)
    })
  }
})

describe('an OBJECT IDENTIFIER', () => {
  for (const dotted of [
    '0.0',
    '0.39',
    '1.0',
    '1.39',
    '2.5.29.15',
    '2.999.3',
    '1.2.840.113549.1.1.11',
    '2.5.4.2147483648',
  ]) {
    it(`${dotted} is read as it is written`, () => {
      assert.equal(readObjectIdentifier(readDer(objectIdentifier(dotted))), dotted)
    })
  }

  const malformed = {
    'with nothing in it': '',
    'that ends inside an arc': '55 1d 8f',
    'with a padded arc': '55 1d 80 0f',
    'with a padded first arc': '80 55',
    'with an arc no number holds': `55 ${'ff'.repeat(9)} 7f`,
  }
  for (const [what, content] of Object.entries(malformed)) {
    it(`${what} is refused`, () => refused(() => readObjectIdentifier(value(TAG.objectIdentifier, content)), /OBJECT/))
  }
})

describe('flags of a BIT STRING', () => {
  it('count from the first bit', () => {
    const known = { '00': 0, '0780': 1, '0204': 1 << 5, '0106': (1 << 5) | (1 << 6), '070080': 1 << 8, '0086': 0x61 }
    for (const [content, flags] of Object.entries(known)) assert.equal(readFlags(value(TAG.bitString, content)), flags)
  })

  it('leave out the bits that are declared unused', () => {
    assert.equal(readFlags(value(TAG.bitString, '07ff')), 1)
  })

  for (const content of ['', '01', '0880', 'ff80', '0000000000']) {
    it(`written ${content || 'as nothing'} are refused`, () => {
      refused(() => readFlags(value(TAG.bitString, content)), /BIT STRING/)
    })
  }
})

describe('a time', () => {
  const time = (tag: number, characters: string) => readTime(readDer(text(tag, characters)))

  const known = [
    [TAG.utcTime, '491231235959Z', '2049-12-31T23:59:59.000Z'],
    [TAG.utcTime, '500101000000Z', '1950-01-01T00:00:00.000Z'],
    [TAG.utcTime, '991231235959Z', '1999-12-31T23:59:59.000Z'],
    [TAG.utcTime, '000229120000Z', '2000-02-29T12:00:00.000Z'],
    [TAG.generalizedTime, '20500101000000Z', '2050-01-01T00:00:00.000Z'],
    [TAG.generalizedTime, '99991231235959Z', '9999-12-31T23:59:59.000Z'],
    [TAG.generalizedTime, '00010101000000Z', '0001-01-01T00:00:00.000Z'],
    [TAG.generalizedTime, '20240229000000Z', '2024-02-29T00:00:00.000Z'],
  ] as const
  for (const [tag, characters, iso] of known) {
    it(`written ${characters} is ${iso}`, () => assert.equal(new Date(time(tag, characters)).toISOString(), iso))
  }

  const malformed = [
    [TAG.utcTime, '2401010000Z', 'without seconds'],
    [TAG.utcTime, '240101000000', 'without a zone'],
    [TAG.utcTime, '240101000000+0000', 'with an offset'],
    [TAG.utcTime, '240101000000z', 'with a small z'],
    [TAG.utcTime, '20240101000000Z', 'with four digits of year as UTCTime'],
    [TAG.generalizedTime, '240101000000Z', 'with two digits of year as GeneralizedTime'],
    [TAG.generalizedTime, '20240101000000.5Z', 'with a fraction'],
    [TAG.generalizedTime, '20240101000000Z\n', 'with a line end'],
    [TAG.utf8String, '240101000000Z', 'in a string'],
    [TAG.utcTime, '', 'of nothing'],
    [TAG.utcTime, '2401 1000000Z', 'with a blank'],
    [TAG.utcTime, '-40101000000Z', 'with a sign'],
    [TAG.utcTime, '240001000000Z', 'in month 0'],
    [TAG.utcTime, '241301000000Z', 'in month 13'],
    [TAG.utcTime, '240100000000Z', 'on day 0'],
    [TAG.utcTime, '240132000000Z', 'on 32 January'],
    [TAG.utcTime, '240431000000Z', 'on 31 April'],
    [TAG.utcTime, '230229000000Z', 'on 29 February of a common year'],
    [TAG.generalizedTime, '21000229000000Z', 'on 29 February 2100'],
    [TAG.utcTime, '240101240000Z', 'at 24 o’clock'],
    [TAG.utcTime, '240101006000Z', 'at minute 60'],
    [TAG.utcTime, '240101000060Z', 'at second 60'],
  ] as const
  for (const [tag, characters, what] of malformed) {
    it(`${what} is refused`, () => refused(() => time(tag, characters), /time/))
  }
})
