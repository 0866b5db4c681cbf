import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parsePolicy } from '../../lib/policy/document.ts'
import { parseHostPattern } from '../../lib/policy/host.ts'
import { readPolicy } from '../../lib/policy/reading.ts'

describe('a pattern', () => {
  for (const [text, expected] of [
    ['api.partner.example', { text: 'api.partner.example', kind: 'exact', base: 'api.partner.example' }],
    ['API.Partner.Example.', { text: 'api.partner.example', kind: 'exact', base: 'api.partner.example' }],
    ['a.example:8443', { text: 'a.example:8443', kind: 'exact', base: 'a.example', port: 8443 }],
    ['a.example.:65535', { text: 'a.example:65535', kind: 'exact', base: 'a.example', port: 65_535 }],
    ['*.bank.example', { text: '*.bank.example', kind: 'one-label', base: 'bank.example' }],
    ['**.Bank.example', { text: '**.bank.example', kind: 'any-depth', base: 'bank.example' }],
    ['*.bank.example:1', { text: '*.bank.example:1', kind: 'one-label', base: 'bank.example', port: 1 }],
    ['*.bücher.example', { text: '*.xn--bcher-kva.example', kind: 'one-label', base: 'xn--bcher-kva.example' }],
    ['bücher。example', { text: 'xn--bcher-kva.example', kind: 'exact', base: 'xn--bcher-kva.example' }],
    ['*.internal', { text: '*.internal', kind: 'one-label', base: 'internal' }],
    ['**.localhost', { text: '**.localhost', kind: 'any-depth', base: 'localhost' }],
    ['s3.amazonaws.com', { text: 's3.amazonaws.com', kind: 'exact', base: 's3.amazonaws.com' }],
    [
      '*.my-bucket.s3.amazonaws.com',
      { text: '*.my-bucket.s3.amazonaws.com', kind: 'one-label', base: 'my-bucket.s3.amazonaws.com' },
    ],
    ['*.www.ck', { text: '*.www.ck', kind: 'one-label', base: 'www.ck' }],
    ['127.1', { text: '127.0.0.1', kind: 'exact', base: '127.0.0.1' }],
    ['::1', { text: '[::1]', kind: 'exact', base: '::1' }],
    ['[::1]', { text: '[::1]', kind: 'exact', base: '::1' }],
    ['[::1]:8443', { text: '[::1]:8443', kind: 'exact', base: '::1', port: 8443 }],
    ['[::ffff:10.0.0.1]:443', { text: '10.0.0.1:443', kind: 'exact', base: '10.0.0.1', port: 443 }],
    ['1:2:3:4:5:6:7:8', { text: '[1:2:3:4:5:6:7:8]', kind: 'exact', base: '1:2:3:4:5:6:7:8' }],
  ] as const) {
    test(`reads ${text} as ${expected.text}`, () => {
      const pattern = parseHostPattern(text, 'p')
      assert.deepEqual({ ...pattern }, expected)
      assert.deepEqual(parseHostPattern(pattern.text, 'p'), pattern)
      assert.ok(Object.isFrozen(pattern))
    })
  }

  for (const [text, message] of [
    ['', /empty name/],
    ['*', /covers every host/],
    ['**', /covers every host/],
    ['*.', /not a host name/],
    ['*:443', /whole first label/],
    ['a*.example', /whole first label/],
    ['*a.example', /whole first label/],
    ['a.*.example', /whole first label/],
    ['*.*.example', /whole first label/],
    ['***.example', /whole first label/],
    ['**.*.example', /whole first label/],
    ['*。bank.example', /whole first label/],
    ['＊.bank.example', /not a host name/],
    ['*..bank.example', /not a host name/],
    ['*bank.example', /whole first label/],
    ['a..example', /not a host name/],
    ['.example', /not a host name/],
    ['a.example..', /not a host name/],
    ['https://api.partner.example/v1', /such as "api.partner.example"/],
    ['https://*.bank.example', /just the host/],
    ['api.partner.example/v1', /just the host/],
    ['user@api.partner.example', /just the host/],
    ['api.partner.example?', /just the host/],
    ['api partner', /white space/],
    ['api.partner.example\n', /white space/],
    ['api%2epartner.example', /percent-encoded/],
    ['a!b.example', /not a host name/],
    [`${'a'.repeat(64)}.example`, /not a host name/],
    ['a.example:', /a port from 1 to 65535/],
    ['a.example:0', /a port from 1 to 65535/],
    ['a.example:65536', /a port from 1 to 65535/],
    ['a.example:0443', /a port from 1 to 65535/],
    ['a.example:+443', /a port from 1 to 65535/],
    ['a.example:https', /a port from 1 to 65535/],
    ['[::1]:', /a port from 1 to 65535/],
    ['[::1', /not a host name/],
    ['2001:db8::5:443', /in brackets/],
    ['a:b:443', /not a host name/],
    ['*.127.0.0.1', /over an IP address/],
    ['*.0.0.1', /over an IP address/],
    ['**.[::1]', /over an IP address/],
    ['*.[::1]:443', /over an IP address/],
  ] as const) {
    test(`is not ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseHostPattern(text, 'hosts["?"]'), { code: 'ERR_POLICY_MALFORMED', message })
      assert.throws(() => parseHostPattern(text, 'hosts["?"]'), /: hosts\["\?"\]: /)
    })
  }

  for (const text of [
    '*.com',
    '**.com',
    '*.COM.',
    '*.co.uk',
    '*.com:8443',
    '*.рф',
    '*.xn--p1ai',
    '*.公司.cn',
    '*.github.io',
    '**.s3.amazonaws.com',
    '*.execute-api.eu-west-1.amazonaws.com',
    '*.anything.ck',
    '*.kawasaki.jp',
  ]) {
    test(`is not ${JSON.stringify(text)} in a document: a public suffix`, () => {
      const document = { version: 1, hosts: { [text]: { pins: [`sha256/${'A'.repeat(43)}=`] } } }
      assert.throws(() => parsePolicy(document), { code: 'ERR_POLICY_MALFORMED', message: /public suffix/ })
      assert.throws(() => parsePolicy({ [text]: [`sha256/${'A'.repeat(43)}=`] }), /: \["[^"]+"\]: .*public suffix/)
    })
  }

  test('that a public suffix is asked about is a wildcard, by its canonical base', () => {
    const asked: string[] = []
    const pins = { pins: [`sha256/${'A'.repeat(43)}=`] }
    const hosts = { 'a.test': pins, 'com:443': pins, '*.B.Test.': pins, '**.bücher.test:1': pins, '10.0.0.1': pins }
    readPolicy({ version: 1, hosts }, (name) => {
      asked.push(name)
      return false
    })
    assert.deepEqual(asked, ['b.test', 'xn--bcher-kva.test'])
  })
})
