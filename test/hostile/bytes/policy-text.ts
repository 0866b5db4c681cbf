/**
 * Policy documents, whole and almost whole, and what each of them says: the model that a parsed policy is compared with.
 */

import fc, { type Arbitrary } from 'fast-check'

/** One host's entry, as written and as meant. */
export interface WrittenEntry {
  readonly document: Readonly<Record<string, unknown>>
  readonly meaning: Readonly<Record<string, unknown>>
}

const digest = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('base64'))

const instant = fc
  .date({ min: new Date('1970-01-01T00:00:00Z'), max: new Date('9999-12-31T00:00:00Z'), noInvalidDate: true })
  .map((date) => ({ text: date.toISOString(), at: date.getTime() }))

const pin = fc
  .record({
    sha256: digest,
    name: fc.option(fc.constantFrom('next key', 'ü', '__proto__'), { nil: undefined }),
    expires: fc.option(instant, { nil: undefined }),
    isBare: fc.boolean(),
  })
  .map(({ sha256, name, expires, isBare }) => {
    if (isBare) return { document: `sha256/${sha256}`, meaning: { sha256 } }
    return {
      document: present({ sha256, name, expires: expires?.text }),
      meaning: present({ sha256, name, expires: expires?.at }),
    }
  })

const pins = fc.array(pin, { minLength: 1, maxLength: 3 }).map((list) => ({
  document: list.map(({ document }) => document),
  meaning: list.map(({ meaning }) => meaning),
}))

const maybe = <Value>(value: Arbitrary<Value>) => fc.option(value, { nil: undefined })

const mode = fc.constantFrom('enforce', 'report')

const entry: Arbitrary<WrittenEntry> = fc
  .record({
    pins: maybe(pins),
    leafPins: maybe(pins),
    issuerPins: maybe(pins),
    mode: maybe(mode),
    reportUntil: maybe(instant),
    expires: maybe(instant),
    onExpiry: maybe(mode),
  })
  .filter((written) => (written.pins ?? written.leafPins ?? written.issuerPins) !== undefined)
  .map(({ mode: said, reportUntil, expires, onExpiry, ...lists }) => {
    const named = Object.entries(lists)
    const after = expires === undefined ? undefined : onExpiry
    return {
      document: present({
        ...Object.fromEntries(named.map(([name, list]) => [name, list?.document])),
        ...{ mode: said, reportUntil: reportUntil?.text, expires: expires?.text, onExpiry: after },
      }),
      meaning: present({
        ...Object.fromEntries(named.map(([name, list]) => [name, list?.meaning])),
        mode: reportUntil === undefined ? (said ?? 'enforce') : 'enforce',
        ...{ reportUntil: reportUntil?.at, expires: expires?.at, onExpiry: after ?? 'enforce' },
      }),
    }
  })

const HOSTS = [
  'api.test',
  '*.bank.test',
  '**.x.test',
  'vault.internal:8200',
  '127.0.0.1',
  '[::1]:1',
  'constructor',
  '__proto__',
]

export interface WrittenPolicy {
  /** JSON text; a key may be `__proto__`. */
  readonly text: string
  readonly hosts: Readonly<Record<string, unknown>>
  readonly default: unknown
  readonly serial: unknown
  readonly deny: readonly string[]
}

/** Whole documents in the full form. */
export const wholePolicy: Arbitrary<WrittenPolicy> = fc
  .record({
    hosts: fc.uniqueArray(fc.tuple(fc.constantFrom(...HOSTS), entry), { minLength: 1, selector: ([host]) => host }),
    otherwise: maybe(fc.constantFrom('deny', 'report', 'allow')),
    serial: maybe(fc.maxSafeNat()),
    deny: maybe(fc.array(digest, { maxLength: 3 })),
  })
  .map(({ hosts, otherwise, serial, deny }) => {
    const lines = hosts.map(([host, { document }]) => `${JSON.stringify(host)}: ${JSON.stringify(document)}`)
    const rest = present({ serial, default: otherwise, deny: deny?.map((one) => `sha256/${one}`) })
    return {
      text: `{ "version": 1, "hosts": { ${lines.join(', ')} }, ${JSON.stringify(rest).slice(1)}`.replace(/, }$/, ' }'),
      hosts: Object.assign(
        Object.create(null),
        Object.fromEntries(hosts.map(([host, { meaning }]) => [host, meaning])),
      ),
      default: otherwise ?? 'deny',
      serial,
      deny: deny ?? [],
    }
  })

/** Whole JSON, in which one value is another. */
export const almostWholePolicy: Arbitrary<string> = fc
  .tuple(wholePolicy, fc.nat({ max: 40 }), fc.oneof(fc.jsonValue(), fc.constantFrom('report', 'allow', 0, 1, null, [])))
  .map(([{ text }, at, value]) => {
    let met = 0
    return JSON.stringify(JSON.parse(text, (_key, known: unknown) => (met++ === at ? value : known)))
  })

/** The same texts with a piece cut out, doubled, or put in that does not belong there. */
export const almostWholeText: Arbitrary<string> = fc
  .record({
    policy: wholePolicy,
    edits: fc.array(
      fc.record({
        at: fc.nat({ max: 10_000 }),
        length: fc.nat({ max: 12 }),
        piece: fc.constantFrom('', '', ...strayPieces()),
      }),
      { minLength: 1, maxLength: 2 },
    ),
  })
  .map(({ policy, edits }) =>
    edits.reduce((text, { at, length, piece }) => edited(text, at, length, piece), policy.text),
  )

function strayPieces(): string[] {
  const keys = ['__proto__', 'constructor', 'toString', 'pins', 'mode', 'version', 'default', 'hosts', 'x']
  const values = ['null', '1', '"report"', '"allow"', '[]', '{}', '1e999', '"sha256/AAAA"', '{"pins":[]}']
  const members = keys.flatMap((key, index) => [`"${key}": ${values[index % values.length]}, `, `"${key}", `])
  return [
    ...members,
    '{',
    '}',
    '[',
    ']',
    '"',
    ',',
    ':',
    '\\u0000',
    '\\',
    '\u2028',
    'é',
    '[[[[[[[[',
    'null',
    '-0',
    '1E400',
  ]
}

/** At a border between two values more often than in the middle of a word. */
function edited(text: string, at: number, length: number, piece: string): string {
  const border = text.slice(at % text.length).search(/[{[,]/)
  const from = border === -1 ? at % text.length : (at % text.length) + border + 1
  return text.slice(0, from) + piece + text.slice(from + (at % 2 === 0 ? length : 0))
}

/** Without the keys that are undefined. */
function present(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
