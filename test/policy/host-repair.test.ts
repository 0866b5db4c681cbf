import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parsePolicy } from '../../lib/policy/document.ts'
import { canonicalHost, parseHostPattern } from '../../lib/policy/host.ts'
import { HostTable } from '../../lib/policy/host-table.ts'

const STAR = ['has a "*" that is not its whole first label', 'write "*.name", "**.name" or the exact host']
const NO_HOST = ['is not a host name or IP address', 'write the host alone, such as "api.partner.example"']
const PORT = ['has a port that does not exist', 'write a port from 1 to 65535, or none']
const BLANK = ['holds white space or control characters', 'write the host alone']
const EVERY_HOST = ['covers every host', 'list the hosts, and say in "default" what happens to all others']
const OVER_ADDRESS = ['has a wildcard over an IP address', 'list each address']
const BRACKETS = ['may end in a port or in a part of the address', 'write the IPv6 address in brackets']
const urlOf = (host: string) => ['is a URL or part of one', `write just the host, such as "${host}"`]

/** What is wrong with a pattern, and how to mend it. */
function complaint(text: string): string[] {
  let told: string[] = []
  assert.throws(
    () => parseHostPattern(text, 'hosts["?"]'),
    (error: { code: string; evidence: { path: string; problem: string; repair: string } }) => {
      const { path, problem, repair } = error.evidence
      assert.equal(path, 'hosts["?"]')
      told = [problem, repair]
      return error.code === 'ERR_POLICY_MALFORMED'
    },
  )
  return told
}

describe('what people write in place of a pattern is recognised, and the repair fits:', () => {
  for (const [text, told] of [
    ['', ['is an empty name', 'write a host, such as "api.partner.example"']],
    ['*', EVERY_HOST],
    ['**', EVERY_HOST],
    ['https://api.partner.example:8443/v1', urlOf('api.partner.example:8443')],
    ['api.partner.example/', urlOf('<host>')],
    ['api.partner.example\\', urlOf('<host>')],
    ['api.partner.example?', urlOf('<host>')],
    ['api.partner.example#', urlOf('<host>')],
    ['user@api.partner.example', urlOf('<host>')],
    ['urn:a/b', urlOf('<host>')],
    ['api partner', BLANK],
    ['api\u007f', BLANK],
    ['api%2epartner.example', ['is percent-encoded', 'write the characters themselves, or punycode']],
    ['a*.example', STAR],
    ['a.*.example', STAR],
    ['*.*.example', STAR],
    ['a.**.example', STAR],
    ['***.example', STAR],
    ['a..example', NO_HOST],
    ['a!.example', NO_HOST],
    ['!a.example', NO_HOST],
    ['a.example!', NO_HOST],
    ['a.!b.example', NO_HOST],
    ['a.b!', NO_HOST],
    ['[::1', NO_HOST],
    ['::1]', NO_HOST],
    ['x[::1]:443', NO_HOST],
    ['[::1]:443:443', PORT],
    ['a.example:', PORT],
    ['a.example:0', PORT],
    ['a.example:65536', PORT],
    ['a.example:443000', PORT],
    ['a.example:x443', PORT],
    ['a.example:443x', PORT],
    ['a.example:1e3', PORT],
    ['a.example:80.', PORT],
    ['a.example:0x50', PORT],
    ['[::1]:0', PORT],
    ['[::1]:8e1', PORT],
    ['2001:db8::5:443', BRACKETS],
    ['2001:db8::5:44x', NO_HOST],
    ['a:b:443', NO_HOST],
    ['*.127.0.0.1', OVER_ADDRESS],
    ['*.10.20.30.40', OVER_ADDRESS],
    ['*.255.255.255.255', OVER_ADDRESS],
    ['**.[::1]', OVER_ADDRESS],
  ] as const) {
    test(JSON.stringify(text), () => assert.deepEqual(complaint(text), told))
  }

  test('the same pattern twice', () => {
    const pattern = parseHostPattern('a.example', 'p')
    assert.throws(() => new HostTable([pattern, pattern].map((one) => [one, 'entry'] as const)), {
      evidence: { path: 'hosts["a.example"]', problem: 'comes twice', repair: 'keep one of the two entries' },
    })
  })
})

test('a wildcard over a public suffix', () => {
  assert.throws(() => parsePolicy({ '*.co.uk': [] }), {
    evidence: {
      path: '["*.co.uk"]',
      problem: 'has a wildcard over a public suffix: it would cover names of strangers',
      repair: 'write the names that you call, or a wildcard below a name that one owner holds',
    },
  })
})

test('a name of numbers that goes on is no address: a wildcard may stand before it', () => {
  assert.equal(parseHostPattern('*.1.2.3.4.example', 'p').base, '1.2.3.4.example')
})

describe('what is long is a pattern up to the limits of DNS, and no further:', () => {
  const name = (length: number) => `${'a.'.repeat((length - 1) / 2)}a`

  test('a label of 63 characters', () => {
    assert.equal(parseHostPattern(`${'a'.repeat(63)}.example`, 'p').kind, 'exact')
    assert.equal(parseHostPattern(`x.${'a'.repeat(63)}`, 'p').kind, 'exact')
    assert.deepEqual(complaint(`${'a'.repeat(64)}.example`), NO_HOST)
    assert.deepEqual(complaint(`x.${'a'.repeat(64)}`), NO_HOST)
  })

  test('a name of 253 characters, with a trailing dot or without', () => {
    assert.equal(canonicalHost(name(253))?.length, 253)
    assert.equal(canonicalHost(`${name(253)}.`)?.length, 253)
    assert.equal(canonicalHost(`b${name(253)}`), undefined)
  })
})

test('a host is no host with a second address, a bracket or a mapped address around it', () => {
  for (const text of ['[::1', '[::1]]', '[[::1]', '::1]', '[::1].']) assert.equal(canonicalHost(text), undefined, text)
  assert.equal(canonicalHost('::ffff:1:2'), '0.1.0.2')
  assert.equal(canonicalHost('::ffff:ffff:ffff'), '255.255.255.255')
  assert.equal(canonicalHost('::ffff:0:1:2'), '::ffff:0:1:2')
  assert.equal(canonicalHost('1::ffff:1:2'), '1::ffff:1:2')
  assert.equal(canonicalHost('::fffe:1:2'), '::fffe:1:2')
})
