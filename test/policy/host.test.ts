import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { canonicalHost } from '../../lib/policy/host.ts'

describe('the identity of a host', () => {
  for (const [text, expected] of [
    ['api.partner.example', 'api.partner.example'],
    ['API.Partner.EXAMPLE', 'api.partner.example'],
    ['api.partner.example.', 'api.partner.example'],
    ['api。partner．example｡', 'api.partner.example'],
    ['ａｐｉ.partner.example', 'api.partner.example'],
    ['api%2Epartner.example', 'api.partner.example'],
    ['%61pi.partner.example', 'api.partner.example'],
    ['faß.example', 'xn--fa-hia.example'],
    ['XN--FA-HIA.example', 'xn--fa-hia.example'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['bu\u0308cher.example', 'xn--bcher-kva.example'],
    ['a_b.example', 'a_b.example'],
    ['localhost', 'localhost'],
    ['127.0.0.1', '127.0.0.1'],
    ['127.0.0.1.', '127.0.0.1'],
    ['0x7f.1', '127.0.0.1'],
    ['2130706433', '127.0.0.1'],
    ['0177.0.0.01', '127.0.0.1'],
    ['１２７.0.0.1', '127.0.0.1'],
    ['::1', '::1'],
    ['[::1]', '::1'],
    ['[2001:DB8:0:0:0:0:0:1]', '2001:db8::1'],
    ['::ffff:127.0.0.1', '127.0.0.1'],
    ['[::FFFF:7f00:1]', '127.0.0.1'],
    ['::ffff:0:5', '0.0.0.5'],
    ['::127.0.0.1', '::7f00:1'],
    ['64:ff9b::1.2.3.4', '64:ff9b::102:304'],
    ['__proto__', '__proto__'],
  ] as const) {
    test(`of ${text} is ${expected}`, () => assert.equal(canonicalHost(text), expected))
  }

  for (const text of [
    '',
    '.',
    '..',
    '.a',
    'a..b',
    'a..',
    '%2e',
    'a%2e.',
    'a.%2e.b',
    '。a',
    'a b',
    ' a',
    'a ',
    'a\tb',
    'a\n',
    'a\u0000',
    'a%00',
    'a%20b',
    'a%09b',
    'a\u00a0b',
    'a\u3000b',
    'a/b',
    'a%2fb',
    'a／b',
    'a\\b',
    'a%5cb',
    'a?b',
    'a#b',
    'user@a',
    'user:password@a',
    'a%40b',
    'a＠b',
    'a:443',
    'a%3a443',
    'a：443',
    'https://a',
    '[::1]:443',
    '[::1',
    '::1]',
    '[::1]x',
    '[a]',
    '[]',
    '::1%25eth0',
    'fe80::1%eth0',
    '1:2',
    '1.2.3.256',
    '1.2.3.4.5',
    'a.1',
    'a%',
    'a%zz',
    '\u00ad',
    '\ud800',
    'a․b',
    `${'a.'.repeat(127)}a`,
  ]) {
    test(`does not exist for ${JSON.stringify(text)}`, () => assert.equal(canonicalHost(text), undefined))
  }

  test('is the same for every spelling by which a URL reaches the same host', () => {
    let compared = 0
    for (const text of randomTexts(80_000)) {
      const url = URL.parse(`https://${text}/`)
      const identity = canonicalHost(text)
      if (identity === undefined) continue
      assert.equal(canonicalHost(identity), identity, `not stable: ${JSON.stringify(text)}`)
      if (url === null) continue
      assert.equal(canonicalHost(url.hostname), identity, JSON.stringify(text))
      assert.equal(url.port + url.username + url.password + url.search + url.hash, '', JSON.stringify(text))
      assert.equal(url.pathname, '/', JSON.stringify(text))
      compared++
    }
    assert.ok(compared > 10_000, `only ${compared} spellings were compared`)
  })
})

/** Texts made of what host parsers trip over; the same ones on every run. */
function* randomTexts(count: number): Generator<string> {
  const pieces = [
    'a',
    'B',
    'xn--',
    'ß',
    'ü',
    'ａ',
    '1',
    '0x7f',
    '255',
    '-',
    '_',
    '.',
    '.',
    '.',
    '。',
    '．',
    '｡',
    '%2e',
    '%41',
  ]
  pieces.push(
    '%',
    '%00',
    '%25',
    ':',
    '::',
    '[',
    ']',
    'ffff',
    '@',
    '/',
    '\\',
    '?',
    '#',
    ' ',
    '\t',
    '\n',
    '*',
    '!',
    '\u00ad',
  )
  pieces.push(
    '\u200b',
    '\u200d',
    '\u0301',
    'א',
    '۱',
    '☃',
    '💩',
    '\ud800',
    '１',
    '：',
    '／',
    '․',
    'ﷺ',
    '\ufffd',
    '%F0%9F%92%A9',
  )
  let state = 0x2545f491
  const next = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  for (let made = 0; made < count; made++) {
    let text = ''
    for (let length = 1 + next(6); length > 0; length--) {
      text += next(12) === 0 ? String.fromCharCode(next(0x10000)) : pieces[next(pieces.length)]
    }
    yield text
  }
}
