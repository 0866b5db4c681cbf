/**
 * Texts that somebody may put where a host belongs: anything at all, what host parsers trip over, and the many
 * spellings of one name.
 *
 * Not here: what a text means. The WHATWG URL parser says that (reading.ts).
 */

import fc, { type Arbitrary } from 'fast-check'

const SEPARATORS = ['.', '。', '．', '｡', '%2e', '%2E', '%E3%80%82', '․', '..']

const IGNORABLE = ['\u00ad', '%C2%AD', '\u200b', '\u2060', '\ufeff', '\ufe0f', '\u180b']

const DANGEROUS = [
  ...[
    '/',
    '\\',
    '@',
    '?',
    '#',
    ':',
    '[',
    ']',
    '%',
    '%00',
    '%25',
    '%2f',
    '%40',
    '%5c',
    '%3a',
    '\u0000',
    '\t',
    '\n',
    ' ',
  ],
  ...[
    '\u007f',
    '\u0085',
    '\u00a0',
    '\u200c',
    '\u200d',
    '\u202e',
    '\u2028',
    '\u3000',
    '\ud800',
    '\ufffd',
    '*',
    '!',
    ',',
  ],
  ...['／', '＠', '：', '％', '？', '＃', '＼', '"', "'", '`', '{', '|', '^', '<', '~', '$', '&', '(', '+', ';', '='],
]

const LETTERS = [
  'a',
  'B',
  '-',
  '_',
  'xn--',
  'XN--',
  'ß',
  'ς',
  'ü',
  'u\u0308',
  'ａ',
  'Ⅷ',
  'ﬃ',
  'א',
  '۱',
  '中',
  '💩',
  'İ',
  'ı',
  'K',
]

const NUMBERS = ['0', '1', '127', '255', '256', '0x7f', '0X', '0177', '2130706433', '4294967296', '１', '³', '٣']

const NAMES = [
  'api',
  'partner',
  'test',
  'localhost',
  'xn--bcher-kva',
  'bücher',
  '127.0.0.1',
  '::1',
  '::ffff:127.0.0.1',
  '%lo',
]

/** Pieces that each mean something to one host parser or another, in any order. */
const pieced: Arbitrary<string> = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...SEPARATORS) },
      { weight: 4, arbitrary: fc.constantFrom(...NAMES) },
      { weight: 3, arbitrary: fc.constantFrom(...LETTERS) },
      { weight: 2, arbitrary: fc.constantFrom(...NUMBERS) },
      { weight: 1, arbitrary: fc.constantFrom(...IGNORABLE) },
      { weight: 1, arbitrary: fc.constantFrom(...DANGEROUS) },
      { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 2 }) },
    ),
    { minLength: 1, maxLength: 8 },
  )
  .map((pieces) => pieces.join(''))

/** Labels of 62 to 65 bytes, names of 250 to 256. */
const long: Arbitrary<string> = fc.oneof(
  fc.integer({ min: 62, max: 65 }).map((length) => `${'a'.repeat(length)}.test`),
  fc.tuple(fc.integer({ min: 250, max: 256 }), fc.boolean()).map(([length, isDotted]) => {
    const name = 'abcdefghi.'.repeat(26).slice(-length)
    return `${name.startsWith('.') ? `x${name.slice(1)}` : name}`.replace(/\.$/, 'j') + (isDotted ? '.' : '')
  }),
)

const address: Arbitrary<string> = fc.oneof(
  fc.ipV4(),
  fc.ipV4Extended(),
  fc.ipV6(),
  fc.ipV6().map((text) => `[${text}]`),
  fc.ipV4().map((text) => `[::ffff:${text}]`),
  fc.ipV4().map((text) => `::FFFF:${text}`),
  fc.ipV6().map((text) => `[${text}%25eth0]`),
)

const units = fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit))

/** Anything that may stand where a host belongs. */
export const hostText: Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: pieced },
  { weight: 3, arbitrary: fc.domain().chain(spellingsOf) },
  { weight: 2, arbitrary: address },
  { weight: 1, arbitrary: long },
  { weight: 1, arbitrary: fc.webUrl({ withQueryParameters: true, withFragments: true }) },
  { weight: 1, arbitrary: fc.webAuthority({ withUserInfo: true, withPort: true, withIPv4: true, withIPv6: true }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }) },
  { weight: 1, arbitrary: fc.string({ unit: units, maxLength: 30 }) },
)

/** Spellings of a name or of an IPv4 address, most of which a URL reads as the same host. */
export function spellingsOf(name: string): Arbitrary<string> {
  return /^[\d.]+$/.test(name) ? fc.oneof(letterByLetter(name), addressForms(name)) : letterByLetter(name)
}

function letterByLetter(name: string): Arbitrary<string> {
  const choices = fc.array(fc.nat({ max: 19 }), { minLength: name.length, maxLength: name.length })
  const end = fc.constantFrom('', '', '', '.', '。', '%2e', '\u00ad')
  return fc.tuple(choices, end).map(([chosen, ending]) => {
    const letters = Array.from(name, (letter, index) => spelled(letter, chosen[index] ?? 0))
    return letters.join('') + ending
  })
}

function spelled(letter: string, choice: number): string {
  if (letter === '.') return SEPARATORS[choice % 14] ?? '.'
  if (choice < 4) return letter.toUpperCase()
  if (choice === 4) return `%${letter.charCodeAt(0).toString(16)}`
  if (choice === 5) return encodeURIComponent(fullWidth(letter))
  if (choice < 8) return fullWidth(letter)
  if (choice === 8) return `${letter}${IGNORABLE[letter.charCodeAt(0) % IGNORABLE.length]}`
  return letter
}

function fullWidth(letter: string): string {
  return /[!-~]/.test(letter) ? String.fromCharCode(letter.charCodeAt(0) + 0xfee0) : letter
}

/** The address as one to four numbers, each decimal, octal or hexadecimal; or wrapped in IPv6. */
function addressForms(dotted: string): Arbitrary<string> {
  const bytes = dotted.split('.').map(Number)
  const value = bytes.reduce((sum, byte) => sum * 256 + byte, 0)
  const radix = fc.constantFrom<(part: number) => string>(
    (part) => String(part),
    (part) => `0${part.toString(8)}`,
    (part) => `000${part.toString(8)}`,
    (part) => `0x${part.toString(16)}`,
    (part) => `0X00${part.toString(16).toUpperCase()}`,
  )
  const numbers = fc.tuple(
    fc.integer({ min: 1, max: 4 }),
    fc.tuple(radix, radix, radix, radix),
    fc.constantFrom('', '.'),
  )
  const [high, low] = [Math.floor(value / 65_536).toString(16), (value % 65_536).toString(16)]
  return fc.oneof(
    numbers.map(([count, write, end]) => {
      const last = value % 256 ** (5 - count)
      return [...bytes.slice(0, count - 1), last].map((part, index) => write[index]?.(part)).join('.') + end
    }),
    fc.constantFrom(
      `[::ffff:${dotted}]`,
      `[::FFFF:${high}:${low}]`,
      `[0:0:0:0:0:ffff:${dotted}]`,
      `[0::ffff:${high}:${low}]`,
    ),
  )
}
