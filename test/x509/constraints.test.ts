import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { forbiddenName, type NameConstraints, readNameConstraints } from '../../lib/x509/constraints.ts'
import { DerError, readDer, TAG } from '../../lib/x509/der.ts'
import { type GeneralName, readGeneralName } from '../../lib/x509/name.ts'
import { ATTRIBUTE, bmpString, distinguishedName, sequence, text, tlv, universalString } from './encode.ts'

type Subtrees = { readonly permitted?: readonly Buffer[]; readonly excluded?: readonly Buffer[] }

const dns = (name: string) => text(0x82, name)
const email = (address: string) => text(0x81, address)
const uri = (address: string) => text(0x86, address)
const ip = (...bytes: readonly number[]) => tlv(0x87, Buffer.from(bytes))
const registeredId = () => tlv(0x88, Buffer.of(42, 3))
const directory = (...values: readonly Buffer[]) =>
  tlv(0xa4, distinguishedName(...values.map((value) => [ATTRIBUTE.organization, value] as const)))
const printable = (characters: string) => text(TAG.printableString, characters)

function encoded({ permitted = [], excluded = [] }: Subtrees): Buffer {
  const subtrees = (tag: number, names: readonly Buffer[]) =>
    names.length === 0 ? Buffer.alloc(0) : tlv(tag, ...names.map((name) => sequence(name)))
  return sequence(subtrees(0xa0, permitted), subtrees(0xa1, excluded))
}

const constraints = (subtrees: Subtrees): NameConstraints => readNameConstraints(encoded(subtrees))
const names = (...encodings: readonly Buffer[]): GeneralName[] =>
  encodings.map((encoding) => readGeneralName(readDer(encoding)))

const allowed = (subtrees: Subtrees, ...encodings: readonly Buffer[]) =>
  assert.equal(forbiddenName(constraints(subtrees), names(...encodings)), undefined)
const forbidden = (subtrees: Subtrees, ...encodings: readonly Buffer[]) =>
  assert.notEqual(forbiddenName(constraints(subtrees), names(...encodings)), undefined)

describe('a CA that may speak for some DNS names', () => {
  const host = { permitted: [dns('host.example.com')] }

  it('may for the name itself and for all below it (RFC 5280: "www.host.example.com would satisfy the constraint")', () => {
    for (const name of ['host.example.com', 'www.host.example.com', 'a.b.host.example.com']) allowed(host, dns(name))
  })

  it('may not for a sibling, a parent or a name that only ends alike ("host1.example.com would not")', () => {
    const others = ['host1.example.com', 'example.com', 'ahost.example.com', 'host.example.com.evil.test', '', 'com']
    for (const name of others) forbidden(host, dns(name))
  })

  it('may in any case of letters', () => allowed({ permitted: [dns('Host.EXAMPLE.com')] }, dns('WWW.host.example.COM')))

  it('is refused for one name outside among many inside', () => {
    forbidden(host, dns('a.host.example.com'), dns('evil.test'), dns('host.example.com'))
  })

  it('may for names of a form that it is not constrained in', () =>
    allowed(host, ip(10, 0, 0, 1), email('a@evil.test')))

  it('may for any of several subtrees', () => {
    const two = { permitted: [dns('a.test'), dns('b.test')] }
    allowed(two, dns('x.a.test'), dns('x.b.test'))
    forbidden(two, dns('x.c.test'))
  })

  it('may for a wildcard inside the subtree, and not for one that reaches out of it', () => {
    allowed({ permitted: [dns('example.com')] }, dns('*.example.com'), dns('*.a.example.com'))
    for (const name of ['*.com', '*.test', '*']) forbidden({ permitted: [dns('example.com')] }, dns(name))
    forbidden({ permitted: [dns('a.example.com')] }, dns('*.example.com'))
  })

  it('with a leading dot may for what is below alone, as OpenSSL reads it', () => {
    const below = { permitted: [dns('.example.com')] }
    allowed(below, dns('a.example.com'), dns('*.example.com'), dns('a.b.example.com'))
    for (const name of ['example.com', 'aexample.com', 'example.com.']) forbidden(below, dns(name))
  })

  it('may for all of them when the subtree is empty', () =>
    allowed({ permitted: [dns('')] }, dns('any.test'), dns('*.test')))
})

describe('a CA that may not speak for some DNS names', () => {
  const excluded = { excluded: [dns('bad.example.com')] }

  it('may not for the name and what is below it', () => {
    for (const name of ['bad.example.com', 'BAD.example.com', 'www.bad.example.com']) forbidden(excluded, dns(name))
  })

  it('may for what is beside and above', () => {
    for (const name of ['good.example.com', 'example.com', 'notbad.example.com', 'bad.example.com.test']) {
      allowed(excluded, dns(name))
    }
  })

  it('may not for a wildcard that an excluded name is an instance of', () => {
    forbidden(excluded, dns('*.example.com'))
    forbidden({ excluded: [dns('.bad.example.com')] }, dns('*.bad.example.com'))
    forbidden({ excluded: [dns('.example.com')] }, dns('*.example.com'))
    allowed(excluded, dns('*.good.example.com'))
    allowed(excluded, dns('*.test'))
  })

  it('may not even when the same name is permitted', () => {
    forbidden({ permitted: [dns('example.com')], ...excluded }, dns('bad.example.com'))
    allowed({ permitted: [dns('example.com')], ...excluded }, dns('good.example.com'))
  })

  it('may not for any when the subtree is empty', () => forbidden({ excluded: [dns('')] }, dns('any.test')))
})

describe('a CA constrained in addresses', () => {
  const ten = { permitted: [ip(10, 0, 0, 0, 255, 0, 0, 0)] }

  it('may for those in the range (RFC 5280: "192.0.2.0/24")', () => {
    allowed(ten, ip(10, 255, 0, 1))
    allowed({ permitted: [ip(192, 0, 2, 0, 255, 255, 255, 0)] }, ip(192, 0, 2, 255))
    allowed({ permitted: [ip(10, 1, 2, 3, 255, 255, 255, 255)] }, ip(10, 1, 2, 3))
    allowed({ permitted: [ip(0, 0, 0, 0, 0, 0, 0, 0)] }, ip(203, 0, 113, 9))
  })

  it('may not for those outside, nor for what is no address at all', () => {
    for (const address of [ip(11, 0, 0, 1), ip(9, 255, 255, 255), ip(), ip(10, 0, 0), ip(10, 0, 0, 0, 255, 0, 0, 0)]) {
      forbidden(ten, address)
    }
  })

  it('compares up to the last bit of the mask, host bits of the range aside', () => {
    const odd = { permitted: [ip(10, 0, 77, 77, 255, 255, 240, 0)] }
    allowed(odd, ip(10, 0, 64, 0), ip(10, 0, 79, 255))
    forbidden(odd, ip(10, 0, 80, 0))
    forbidden(odd, ip(10, 0, 63, 255))
  })

  it('keeps IPv4 and IPv6 apart, the mapped ones too', () => {
    const prefix = [0x20, 0x01, 0x0d, 0xb8, ...Array(12).fill(0), 255, 255, 255, 255, ...Array(12).fill(0)]
    allowed({ permitted: [ip(...prefix)] }, ip(0x20, 0x01, 0x0d, 0xb8, ...Array(12).fill(1)))
    forbidden({ permitted: [ip(...prefix)] }, ip(0x20, 0x01, 0x0d, 0xb9, ...Array(12).fill(1)))
    forbidden(ten, ip(...Array(10).fill(0), 0xff, 0xff, 10, 0, 0, 1))
    allowed({ excluded: [ip(10, 0, 0, 0, 255, 0, 0, 0)] }, ip(...Array(16).fill(0)))
  })

  it('may not for those in an excluded range', () =>
    forbidden({ excluded: [ip(10, 0, 0, 0, 255, 0, 0, 0)] }, ip(10, 9, 8, 7)))
})

describe('a CA constrained in directory names', () => {
  const base = printable('Example Ltd')
  const permitted = { permitted: [directory(base)] }
  const excluded = { excluded: [directory(base)] }
  const spellings = {
    'the same string type': base,
    UTF8String: text(TAG.utf8String, 'example  LTD'),
    IA5String: text(TAG.ia5String, 'Example Ltd'),
    T61String: text(TAG.t61String, ' Example Ltd'),
    BMPString: bmpString('Example Ltd'),
    UniversalString: universalString('Example Ltd'),
  }
  for (const [what, value] of Object.entries(spellings)) {
    it(`may for a permitted name spelt in ${what}`, () => allowed(permitted, directory(value)))
    it(`may not for an excluded name spelt in ${what}`, () => forbidden(excluded, directory(value)))
  }

  it('reads the subtree from the top: what goes on from it is inside, what stands above is not', () => {
    allowed(permitted, directory(base, printable('Unit')))
    forbidden(permitted, directory(printable('Unit'), base))
    forbidden(permitted, tlv(0xa4, sequence()))
    allowed(excluded, directory(printable('Unit'), base))
    forbidden(excluded, directory(base, printable('Unit')))
  })
})

describe('a CA constrained in a form that is not compared', () => {
  const others = {
    'an e-mail address': [email('a@example.com'), email('b@other.test')],
    'a URI': [uri('https://host.example.com/'), uri('https://other.test/')],
    'a registered id': [registeredId(), registeredId()],
  } as const
  for (const [what, [subtree, name]] of Object.entries(others)) {
    it(`may not for ${what}, permitted or excluded: it can’t be shown to be inside`, () => {
      forbidden({ permitted: [subtree] }, name)
      forbidden({ permitted: [subtree] }, subtree)
      forbidden({ excluded: [subtree] }, name)
    })
    it(`may for a DNS name where ${what} is constrained`, () => {
      allowed({ permitted: [subtree] }, dns('host.example.com'))
      allowed({ excluded: [subtree] }, dns('host.example.com'))
    })
  }
})

describe('name constraints as encoded', () => {
  it('are read with both lists, or one', () => {
    const both = constraints({ permitted: [dns('a.test')], excluded: [ip(10, 0, 0, 0, 255, 0, 0, 0)] })
    assert.deepEqual([both.permitted.length, both.excluded.length], [1, 1])
    assert.equal(constraints({ excluded: [dns('a.test')] }).permitted.length, 0)
  })

  const minimum = tlv(0x80, Buffer.of(0))
  const malformed = {
    'without a subtree': sequence(),
    'with empty lists': sequence(tlv(0xa0), tlv(0xa1)),
    'with the lists in the wrong order': sequence(tlv(0xa1, sequence(dns('a'))), tlv(0xa0, sequence(dns('b')))),
    'with a list twice': sequence(tlv(0xa0, sequence(dns('a'))), tlv(0xa0, sequence(dns('b')))),
    'with a minimum': sequence(tlv(0xa0, sequence(dns('a'), minimum))),
    'with a maximum': sequence(tlv(0xa0, sequence(dns('a'), tlv(0x81, Buffer.of(1))))),
    'with an address where a range belongs': encoded({ permitted: [ip(10, 0, 0, 0)] }),
    'with a range of an odd size': encoded({ excluded: [ip(10, 0, 0, 0, 255, 0, 0)] }),
    'with a range of sixteen bytes': encoded({ excluded: [ip(...Array(16).fill(0))] }),
    'with a hole in a mask': encoded({ permitted: [ip(10, 0, 0, 0, 255, 0, 255, 0)] }),
    'with a mask that starts late': encoded({ permitted: [ip(10, 0, 0, 0, 0, 255, 255, 255)] }),
    'with a subtree of nothing': sequence(tlv(0xa0, sequence())),
    'with a malformed directory name': encoded({ permitted: [tlv(0xa4, Buffer.of(5, 0))] }),
    'with bytes after them': Buffer.concat([encoded({ permitted: [dns('a')] }), Buffer.of(0)]),
  }
  for (const [what, bytes] of Object.entries(malformed)) {
    it(`${what} are refused`, () => assert.throws(() => readNameConstraints(bytes), DerError))
  }
})
