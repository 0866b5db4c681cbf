import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync } from 'node:crypto'
import { describe, test } from 'node:test'
import { PinnedFetchError } from '../../lib/errors.ts'
import { formatPin, parsePin, pinOfSpki } from '../../lib/policy/pin.ts'

/** `printf hello | openssl dgst -sha256 -binary | base64` */
const HELLO = 'LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ='

describe('a pin', () => {
  test('is the base64 SHA-256 of the bytes', () => {
    assert.equal(pinOfSpki(new TextEncoder().encode('hello')), HELLO)
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const spki = publicKey.export({ type: 'spki', format: 'der' })
    assert.deepEqual(parsePin(formatPin(pinOfSpki(spki)), 'pin'), { sha256: pinOfSpki(spki) })
  })

  test('is read from its short form and printed back the same', () => {
    assert.deepEqual(parsePin(`sha256/${HELLO}`, 'pin'), { sha256: HELLO })
    assert.equal(formatPin(HELLO), `sha256/${HELLO}`)
  })

  test('is read from its long form, with a name and an end', () => {
    const pin = parsePin({ sha256: HELLO, name: 'next key', expires: '2027-06-30T00:00:00Z' }, 'pin')
    assert.deepEqual(pin, { sha256: HELLO, name: 'next key', expires: Date.UTC(2027, 5, 30) })
    assert.ok(Object.isFrozen(pin))
  })
})

const digestOf = (algorithm: string) => createHash(algorithm).update('hello').digest('base64')

/** The same 32 bytes with stray bits set in the last character: `Q` is 010000, `R` is 010001. */
const STRAY_BITS = HELLO.replace('Q=', 'R=')

const refused: readonly (readonly [name: string, input: unknown, path: string, problem: RegExp])[] = [
  ['sha1', `sha1/${digestOf('sha1')}`, 'pin', /sha1 digest/],
  ['md5', `md5/${digestOf('md5')}`, 'pin', /md5 digest/],
  ['sha512', `sha512/${digestOf('sha512')}`, 'pin', /sha512 digest/],
  ['sha384 in the form of subresource integrity', `sha384-${digestOf('sha384')}`, 'pin', /sha384 digest/],
  ['no prefix', HELLO, 'pin', /does not begin with "sha256\/"/],
  ['the prefix in capitals', `SHA256/${HELLO}`, 'pin', /does not begin with "sha256\/"/],
  ['the form of subresource integrity', `sha256-${HELLO}`, 'pin', /does not begin with "sha256\/"/],
  ['the form of a Public-Key-Pins header', `pin-sha256="${HELLO}"`, 'pin', /does not begin with "sha256\/"/],
  ['an empty string', '', 'pin', /does not begin/],
  ['no digest', 'sha256/', 'pin', /holds no digest/],
  ['too few bytes', `sha256/${digestOf('sha1')}`, 'pin', /holds 20 bytes/],
  ['too many bytes', `sha256/${digestOf('sha512')}`, 'pin', /holds 64 bytes/],
  ['base64url', `sha256/${HELLO.replaceAll('+', '-')}`, 'pin', /base64url/],
  ['no padding', `sha256/${HELLO.slice(0, -1)}`, 'pin', /padding/],
  ['double padding', `sha256/${HELLO}=`, 'pin', /canonical/],
  ['stray trailing bits', `sha256/${STRAY_BITS}`, 'pin', /canonical/],
  ['a line end', `sha256/${HELLO}\n`, 'pin', /white space/],
  ['a leading space', ` sha256/${HELLO}`, 'pin', /does not begin/],
  ['hexadecimal', `sha256/${createHash('sha256').update('hello').digest('hex')}`, 'pin', /hexadecimal/],
  ['characters that are not base64', `sha256/${HELLO.replace('L', '*')}`, 'pin', /not base64/],
  ['a second prefix', `sha256/sha256/${HELLO}`, 'pin', /canonical/],
  ['a number', 7, 'pin', /is a number/],
  ['null', null, 'pin', /is null/],
  ['an array', [HELLO], 'pin', /is an array/],
  ['an object without digest', { name: 'next' }, 'pin.sha256', /missing/],
  ['a typing error', { sha265: HELLO }, 'pin.sha265', /not a known key/],
  ['a digest that is no string', { sha256: 1 }, 'pin.sha256', /is a number/],
  ['a prefix in the long form', { sha256: `sha256/${HELLO}` }, 'pin.sha256', /repeats the prefix/],
  ['a digest that is inherited', Object.create({ sha256: HELLO }), 'pin.sha256', /missing/],
  ['an empty name', { sha256: HELLO, name: '' }, 'pin.name', /0 characters/],
  ['a name over several lines', { sha256: HELLO, name: 'a\nb' }, 'pin.name', /control/],
  ['a name of 129 characters', { sha256: HELLO, name: 'n'.repeat(129) }, 'pin.name', /129 characters/],
  ['an expires that is a number', { sha256: HELLO, expires: 1 }, 'pin.expires', /is a number/],
  ['an expires that is undefined', { sha256: HELLO, expires: undefined }, 'pin.expires', /is undefined/],
]

describe('what is no pin is refused with its path:', () => {
  for (const [name, input, path, problem] of refused) {
    test(name, () => {
      assert.throws(
        () => parsePin(input, 'pin'),
        (error) => {
          assert.ok(error instanceof PinnedFetchError)
          assert.equal(error.code, 'ERR_POLICY_MALFORMED')
          assert.partialDeepStrictEqual(error.evidence, { path })
          assert.match(error.message, problem)
          return true
        },
      )
    })
  }

  test('and the message never repeats the value, which may be another secret', () => {
    for (const input of ['hunter2', { sha256: 'hunter2' }, 'sha256/hunter2']) {
      assert.throws(
        () => parsePin(input, 'pin'),
        (error: Error) => !error.message.includes('hunter2'),
      )
    }
  })

  test('and the hint suggests the key that was meant', () => {
    assert.throws(() => parsePin({ sha265: HELLO }, 'pin'), /did you mean "sha256"\?/)
  })
})
