import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { parseBarePin, parsePin } from '../../lib/policy/pin.ts'

/** `printf hello | openssl dgst -sha256 -binary | base64` */
const HELLO = 'LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ='
const HEXADECIMAL = createHash('sha256').update('hello').digest('hex')
const COLONS = HEXADECIMAL.replace(/..(?=.)/g, '$&:').toUpperCase()
const URL_SAFE = HELLO.replaceAll('+', '-')
const FORTY_FOUR = 'write the base64 SHA-256 of the key: 44 characters'
const EXAMPLE = 'such as "sha256/grX4Ta9HpZx6tSHkmCrvpApTQGo67CYDnvprLg5yRME="'
const NAME = 'write 1 to 128 characters without line ends, or remove the key'

/** The path, what is wrong there, and how to mend it. */
function complaint(input: unknown): string[] {
  let told: string[] = []
  assert.throws(
    () => parsePin(input, 'pin'),
    (error: { code: string; evidence: { path: string; problem: string; repair: string } }) => {
      const { path, problem, repair } = error.evidence
      told = [path, problem, repair]
      return error.code === 'ERR_POLICY_MALFORMED'
    },
  )
  return told
}

const NOT_BASE64 = ['is not base64', 'write the 44 characters of base64 alone']
const NOT_CANONICAL = ['is not canonical base64', 'take the pin from its source again: its end was changed']
const IS_HEXADECIMAL = ['is hexadecimal', 'write the same 32 bytes in base64']
const IS_URL_SAFE = ['is base64url', 'write "+" for "-" and "/" for "_"']

describe('what people paste in place of the base64 of a digest is recognised, and the repair fits:', () => {
  const pasted: readonly (readonly [what: string, text: string, told: readonly string[]])[] = [
    ['nothing', '', ['holds no digest', 'add the base64 SHA-256 of the key']],
    ['a blank', `${HELLO} `, ['holds white space', 'write the 44 characters of base64 without spaces or line ends']],
    ['hexadecimal', HEXADECIMAL, IS_HEXADECIMAL],
    ['hexadecimal in capitals', HEXADECIMAL.toUpperCase(), IS_HEXADECIMAL],
    ['hexadecimal with colons, as openssl prints it', COLONS, IS_HEXADECIMAL],
    ['two characters too many before hexadecimal', `zz${HEXADECIMAL}`, NOT_CANONICAL],
    ['two characters too many after hexadecimal', `${HEXADECIMAL}zz`, NOT_CANONICAL],
    ['something before hexadecimal with colons', `x:${COLONS}`, NOT_BASE64],
    ['something after hexadecimal with colons', `${COLONS}:x`, NOT_BASE64],
    ['base64url', URL_SAFE, IS_URL_SAFE],
    ['base64url without padding', URL_SAFE.slice(0, -1), IS_URL_SAFE],
    ['base64url with an underscore', HELLO.replaceAll('+', '_'), IS_URL_SAFE],
    ['something before base64url', `*${URL_SAFE}`, NOT_BASE64],
    ['something after base64url', `${URL_SAFE}*`, NOT_BASE64],
    ['another character', HELLO.replace('L', '*'), NOT_BASE64],
    ['no padding', HELLO.slice(0, -1), ['lacks its padding', 'add the "=" at the end']],
    ['no padding, and more before it', `AAAA${HELLO.slice(0, -1)}`, NOT_CANONICAL],
    ['stray bits at the end', HELLO.replace('Q=', 'R='), NOT_CANONICAL],
    ['20 bytes', Buffer.alloc(20).toString('base64'), ['holds 20 bytes, and a SHA-256 digest has 32', FORTY_FOUR]],
    ['31 bytes', Buffer.alloc(31).toString('base64'), ['holds 31 bytes, and a SHA-256 digest has 32', FORTY_FOUR]],
    ['33 bytes', Buffer.alloc(33).toString('base64'), ['holds 33 bytes, and a SHA-256 digest has 32', FORTY_FOUR]],
    ['128 characters', 'A'.repeat(128), ['holds 96 bytes, and a SHA-256 digest has 32', FORTY_FOUR]],
    ['129 characters', 'A'.repeat(129), ['is 129 characters long', FORTY_FOUR]],
  ]
  for (const [what, text, told] of pasted) {
    test(what, () => {
      assert.deepEqual(complaint(`sha256/${text}`), ['pin', ...told])
      assert.deepEqual(complaint({ sha256: text }), ['pin.sha256', ...told])
    })
  }
})

describe('what stands where a pin belongs is recognised, and the repair shows one:', () => {
  const given: readonly (readonly [what: string, input: unknown, told: readonly string[]])[] = [
    ['a number', 7, ['pin', 'is a number, not an object', `write a pin ${EXAMPLE}, or { "sha256": "<base64>" }`]],
    [
      'the base64 alone',
      HELLO,
      ['pin', 'does not begin with "sha256/"', `write "sha256/" before the base64, ${EXAMPLE}`],
    ],
    [
      'another spelling of the prefix',
      `SHA256/${HELLO}`,
      ['pin', 'does not begin with "sha256/"', `write a pin ${EXAMPLE}`],
    ],
    [
      'the prefix after something',
      `x sha-256=${HELLO}`,
      ['pin', 'does not begin with "sha256/"', `write "sha256/" before the base64, ${EXAMPLE}`],
    ],
    ['a dash in the prefix', `sha-256/${HELLO}`, ['pin', 'does not begin with "sha256/"', `write a pin ${EXAMPLE}`]],
    [
      'another digest',
      `SHA-1:${HELLO}`,
      ['pin', 'is a sha-1 digest, and only SHA-256 pins a key', `write a pin ${EXAMPLE}`],
    ],
    [
      'another digest',
      `md5=${HELLO}`,
      ['pin', 'is a md5 digest, and only SHA-256 pins a key', `write a pin ${EXAMPLE}`],
    ],
    [
      'another digest after something',
      `x sha1/${HELLO}`,
      ['pin', 'does not begin with "sha256/"', `write "sha256/" before the base64, ${EXAMPLE}`],
    ],
    ['no digest', {}, ['pin.sha256', 'is missing', 'add the base64 SHA-256 of the key']],
    [
      'a digest that is no string',
      { sha256: 1 },
      ['pin.sha256', 'is a number, not a string', 'write the base64 SHA-256 of the key'],
    ],
    [
      'the prefix twice',
      { sha256: `sha256/${HELLO}` },
      ['pin.sha256', 'repeats the prefix "sha256/"', 'under the key "sha256", write the base64 alone'],
    ],
    ['a name that is no string', { sha256: HELLO, name: 7 }, ['pin.name', 'is a number, not a string', NAME]],
    ['an empty name', { sha256: HELLO, name: '' }, ['pin.name', 'has 0 characters', NAME]],
    ['a name of 129 characters', { sha256: HELLO, name: 'n'.repeat(129) }, ['pin.name', 'has 129 characters', NAME]],
    ['a line end in a name', { sha256: HELLO, name: 'a\u2028b' }, ['pin.name', 'holds control characters', NAME]],
  ]
  for (const [what, input, told] of given) test(what, () => assert.deepEqual(complaint(input), told))

  test('an object in the deny list, where only the short form has a meaning', () => {
    assert.throws(() => parseBarePin({ sha256: HELLO }, 'deny[0]'), {
      evidence: { path: 'deny[0]', problem: 'is an object, not a string', repair: `write a pin ${EXAMPLE}` },
    })
  })
})

test('a pin may have a name of 128 characters', () => {
  assert.equal(parsePin({ sha256: HELLO, name: 'n'.repeat(128) }, 'pin').name?.length, 128)
})
