import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DerError, readDer, TAG } from '../../lib/x509/der.ts'
import { type ComparableName, isWithin, readGeneralName, readName } from '../../lib/x509/name.ts'
import {
  ATTRIBUTE,
  bmpString,
  distinguishedName,
  objectIdentifier,
  sequence,
  set,
  text,
  tlv,
  universalString,
} from './encode.ts'

const { commonName, country, organization } = ATTRIBUTE

const organizationOf = (value: Uint8Array): ComparableName => readName(distinguishedName([organization, value]))

const utf8 = (characters: string): ComparableName => organizationOf(text(TAG.utf8String, characters))

describe('a distinguished name', () => {
  const spellings = {
    'a PrintableString': text(TAG.printableString, 'Example CA'),
    'an IA5String': text(TAG.ia5String, 'Example CA'),
    'a VisibleString': text(TAG.visibleString, 'Example CA'),
    'a T61String': text(TAG.t61String, 'Example CA'),
    'a BMPString': bmpString('Example CA'),
    'a UniversalString': universalString('Example CA'),
    capitals: text(TAG.utf8String, 'EXAMPLE CA'),
    'small letters': text(TAG.utf8String, 'example ca'),
    'white space around it': text(TAG.utf8String, '  Example CA\t'),
    'more white space inside': text(TAG.utf8String, 'Example \t\n  CA'),
  }
  for (const [what, value] of Object.entries(spellings)) {
    it(`is the same name in ${what}, as it is for OpenSSL`, () =>
      assert.deepEqual(organizationOf(value), utf8('Example CA')))
  }

  it('is the same name in Latin-1 and in UTF-8 beyond ASCII', () => {
    assert.deepEqual(organizationOf(text(TAG.t61String, 'Société', 'latin1')), utf8('Société'))
    assert.deepEqual(organizationOf(bmpString('Société')), utf8('Société'))
  })

  it('folds ASCII letters alone: OpenSSL knows no other case', () => {
    assert.notDeepEqual(utf8('SOCIÉTÉ'), utf8('société'))
    assert.notDeepEqual(utf8('İ'), utf8('i'))
    assert.notDeepEqual(utf8('\u212a'), utf8('k'))
  })

  it('keeps apart what differs in more than spelling', () => {
    const different = ['Example CA 2', 'ExampleCA', 'Example-CA', 'Example CA\u00a0', 'Example CA\0', '']
    for (const other of different) assert.notDeepEqual(utf8(other), utf8('Example CA'), JSON.stringify(other))
  })

  it('of another attribute, order or number of attributes is another name', () => {
    const name = (...attributes: [string, string][]) =>
      readName(distinguishedName(...attributes.map(([type, value]) => [type, text(TAG.utf8String, value)] as const)))
    const whole = name([country, 'CH'], [organization, 'Example'])
    assert.notDeepEqual(name([country, 'CH'], [commonName, 'Example']), whole)
    assert.notDeepEqual(name([organization, 'Example'], [country, 'CH']), whole)
    assert.notDeepEqual(name([country, 'CH']), whole)
    assert.notDeepEqual(name([country, 'CH'], [organization, 'Example'], [organization, 'Example']), whole)
  })

  it('can’t be forged out of the text of another: no separator of ours means anything in a value', () => {
    const attribute = (type: string, value: string) => sequence(objectIdentifier(type), text(TAG.utf8String, value))
    const two = readName(sequence(set(attribute(country, 'ch'), attribute(organization, 'x'))))
    const tricks = [
      `ch","${organization}=x`,
      `ch\\",\\"${organization}=x`,
      `ch+${organization}=x`,
      `ch,${organization}=x`,
    ]
    for (const trick of tricks) assert.notDeepEqual(readName(sequence(set(attribute(country, trick)))), two)
  })

  it('has no order within one relative name', () => {
    const cn = sequence(objectIdentifier(commonName), text(TAG.utf8String, 'a'))
    const o = sequence(objectIdentifier(organization), text(TAG.utf8String, 'b'))
    assert.deepEqual(readName(sequence(set(cn, o))), readName(sequence(set(o, cn))))
    assert.notDeepEqual(readName(sequence(set(cn), set(o))), readName(sequence(set(cn, o))))
  })

  it('compares what is no string by its bytes', () => {
    const octets = (...content: number[]) => organizationOf(tlv(TAG.octetString, Buffer.from(content)))
    assert.deepEqual(octets(1, 2), octets(1, 2))
    assert.notDeepEqual(octets(1, 2), octets(1, 3))
    assert.notDeepEqual(octets(0x61), utf8('a'))
  })

  it('with half a BMP character is compared by its bytes, and is no error', () => {
    assert.equal(organizationOf(tlv(TAG.bmpString, Buffer.from('a'))).length, 1)
  })

  it('may be empty', () => assert.deepEqual(readName(sequence()), []))

  it('that is malformed is refused', () => {
    const malformed = [
      Buffer.alloc(0),
      set(),
      Buffer.concat([sequence(), Buffer.of(0)]),
      sequence(set(sequence(text(TAG.utf8String, 'no type')))),
      sequence(set(sequence(objectIdentifier(commonName)))),
      sequence(set(sequence(objectIdentifier(commonName), text(TAG.utf8String, 'a'), text(TAG.utf8String, 'b')))),
    ]
    for (const bytes of malformed) assert.throws(() => readName(bytes), DerError)
  })
})

describe('a subtree of distinguished names', () => {
  const base = ['["a"]', '["b"]']

  it('holds its base and all that goes on from there', () => {
    assert.equal(isWithin(base, base), true)
    assert.equal(isWithin([...base, '["c"]'], base), true)
    assert.equal(isWithin(base, []), true)
  })

  it('does not hold what is above, beside or shifted', () => {
    for (const name of [['["a"]'], ['["a"]', '["c"]'], ['["b"]', '["a"]'], ['["x"]', ...base], []]) {
      assert.equal(isWithin(name, base), false)
    }
  })
})

describe('a general name', () => {
  const forms = [
    ['a DNS name in small letters', text(0x82, 'API.Partner.Test'), { form: 'dns', value: 'api.partner.test' }],
    ['an address', tlv(0x87, Buffer.of(10, 0, 0, 1)), { form: 'ip', value: Buffer.of(10, 0, 0, 1) }],
    ['an e-mail address', text(0x81, 'a@b.test'), { form: 'email', value: 'a@b.test' }],
    ['a URI', text(0x86, 'https://b.test/'), { form: 'uri', value: 'https://b.test/' }],
    ['a registered id by its tag', tlv(0x88, Buffer.of(42, 3)), { form: 'other', tag: 0x88 }],
    ['another name by its tag', tlv(0xa0, sequence()), { form: 'other', tag: 0xa0 }],
    [
      'a directory name',
      tlv(0xa4, distinguishedName([commonName, text(TAG.utf8String, 'X')])),
      { form: 'directory', value: ['["2.5.4.3=x"]'] },
    ],
  ] as const
  for (const [what, bytes, expected] of forms) {
    it(`is read as ${what}`, () => assert.deepEqual(readGeneralName(readDer(bytes)), expected))
  }

  it('that is a malformed directory name is refused', () => {
    assert.throws(() => readGeneralName(readDer(tlv(0xa4, Buffer.of(1)))), DerError)
  })

  it('keeps every byte of a DNS name, the NUL too: nothing is cut short', () => {
    assert.deepEqual(readGeneralName(readDer(text(0x82, 'a.test\0.evil'))), { form: 'dns', value: 'a.test\0.evil' })
  })
})
