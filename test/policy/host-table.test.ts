import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { canonicalHost, parseHostPattern } from '../../lib/policy/host.ts'
import { HostTable } from '../../lib/policy/host-table.ts'

function tableOf(...patterns: readonly string[]): HostTable<string> {
  return new HostTable(patterns.map((text) => [parseHostPattern(text, text), text] as const))
}

function find(table: HostTable<string>, spelling: string, port = 443): string | undefined {
  const host = canonicalHost(spelling)
  return host === undefined ? undefined : table.find(host, port)
}

/** OkHttp's battery for its `CertificatePinner.Pin` patterns, and what each row adds to it. */
const battery: readonly (readonly [pattern: string, host: string, covered: boolean])[] = [
  ['example.com', 'example.com', true],
  ['example.com', 'EXAMPLE.COM', true],
  ['example.com', 'example.com.', true],
  ['example.com', 'www.example.com', false],
  ['example.com', 'notexample.com', false],
  ['example.com', 'example.com.attacker.net', false],
  ['example.com', 'example.co', false],
  ['example.com', 'xample.com', false],
  ['*.example.com', 'www.example.com', true],
  ['*.example.com', 'WWW.Example.Com', true],
  ['*.example.com', 'www.example.com.', true],
  ['*.example.com', 'example.com', false],
  ['*.example.com', 'a.b.example.com', false],
  ['*.example.com', '.example.com', false],
  ['*.example.com', '..example.com', false],
  ['*.example.com', 'a..example.com', false],
  ['*.example.com', 'wwwexample.com', false],
  ['*.example.com', 'www.example.com.attacker.net', false],
  ['*.example.com', 'www.notexample.com', false],
  ['**.example.com', 'example.com', true],
  ['**.example.com', 'a.example.com', true],
  ['**.example.com', 'a.b.c.d.example.com', true],
  ['**.example.com', 'a.example.com.', true],
  ['**.example.com', '.example.com', false],
  ['**.example.com', '..example.com', false],
  ['**.example.com', 'a..example.com', false],
  ['**.example.com', 'notexample.com', false],
  ['**.example.com', 'a.example.com.attacker.net', false],
  ['**.example.com', 'com', false],
  ['*.bücher.example', 'a.xn--bcher-kva.example', true],
  ['*.xn--bcher-kva.example', 'a.BÜCHER.example', true],
  ['xn--bcher-kva.example', 'bücher。example', true],
  ['127.0.0.1', '0x7f.1', true],
  ['127.0.0.1', '[::ffff:7f00:1]', true],
  ['[::1]', '0:0:0:0:0:0:0:1', true],
  ['**.internal', '10.0.0.1', false],
]

describe('a pattern covers exactly its hosts:', () => {
  for (const [pattern, host, covered] of battery) {
    test(`${pattern} ${covered ? 'covers' : 'leaves out'} ${host}`, () => {
      assert.equal(find(tableOf(pattern), host), covered ? pattern : undefined)
    })
  }
})

describe('the most specific entry wins, alone:', () => {
  const table = tableOf('**.x.example', '**.b.x.example', '*.x.example', 'a.x.example', '*.b.x.example', '**.example')

  for (const [host, expected] of [
    ['a.x.example', 'a.x.example'],
    ['b.x.example', '*.x.example'],
    ['x.example', '**.x.example'],
    ['d.b.x.example', '*.b.x.example'],
    ['e.d.b.x.example', '**.b.x.example'],
    ['d.c.x.example', '**.x.example'],
    ['other.example', '**.example'],
    ['example', '**.example'],
    ['example.net', undefined],
  ] as const) {
    test(`${host} belongs to ${expected ?? 'nothing'}`, () => assert.equal(find(table, host), expected))
  }

  test('the order of the document makes no difference', () => {
    const reversed = tableOf(
      '**.example',
      '*.b.x.example',
      'a.x.example',
      '*.x.example',
      '**.b.x.example',
      '**.x.example',
    )
    for (const host of ['a.x.example', 'b.x.example', 'x.example', 'e.d.b.x.example', 'z.example']) {
      assert.equal(find(reversed, host), find(table, host))
    }
  })

  test('an entry with a port wins on its port, and covers no other', () => {
    const ports = tableOf('a.example', 'a.example:8443', 'only.example:8443')
    assert.equal(find(ports, 'a.example', 8443), 'a.example:8443')
    assert.equal(find(ports, 'a.example', 443), 'a.example')
    assert.equal(find(ports, 'only.example', 8443), 'only.example:8443')
    assert.equal(find(ports, 'only.example', 443), undefined)
  })

  test('an exact entry without port wins over a wildcard with one', () => {
    const ports = tableOf('a.x.example', '*.x.example:8443', '**.x.example')
    assert.equal(find(ports, 'a.x.example', 8443), 'a.x.example')
    assert.equal(find(ports, 'b.x.example', 8443), '*.x.example:8443')
    assert.equal(find(ports, 'b.x.example', 443), '**.x.example')
  })

  test('a narrow entry for another port leaves the host to the broad one', () => {
    const ports = tableOf('**.y.x.example:1', '**.x.example')
    assert.equal(find(ports, 'a.y.x.example', 1), '**.y.x.example:1')
    assert.equal(find(ports, 'a.y.x.example', 2), '**.x.example')
  })
})

describe('a host table', () => {
  test('lists its entries in the order of the document', () => {
    const table = tableOf('**.b.example', 'c.example', '*.a.example')
    assert.deepEqual([...table.entries()], ['**.b.example', 'c.example', '*.a.example'])
    assert.equal(table.size, 3)
  })

  test('finds no entry by the name of what every object inherits', () => {
    const table = tableOf('a.example')
    for (const host of ['__proto__', 'constructor', 'toString', 'hasOwnProperty'])
      assert.equal(find(table, host), undefined)
    assert.equal(find(tableOf('**.__proto__'), 'a.__proto__'), '**.__proto__')
  })

  test('refuses the same pattern twice', () => {
    assert.throws(() => tableOf('a.example', 'A.example.'), { code: 'ERR_POLICY_MALFORMED', message: /"a\.example"/ })
    assert.throws(() => tableOf('[::ffff:1.2.3.4]:1', '1.2.3.4:1'), { code: 'ERR_POLICY_MALFORMED' })
  })

  test('asks its Maps as often among 10,000 hosts as among 10', () => {
    const manyOf = (count: number) =>
      tableOf(
        ...Array.from({ length: count }, (_, n) => [`h${n}.x.example`, `*.w${n}.example`, `**.d${n}.example`]).flat(),
      )
    const few = manyOf(10)
    const many = manyOf(10_000)
    for (const host of ['h5.x.example', 'a.w5.example', 'a.b.d5.example', 'absent.example', 'a.b.c.d.absent.example']) {
      const lookups = countLookups(() => few.find(host, 443))
      assert.equal(
        countLookups(() => many.find(host, 443)),
        lookups,
      )
      assert.ok(lookups > 0 && lookups <= 2 * (host.split('.').length + 2), `${lookups} for ${host}`)
    }
  })
})

function countLookups(run: () => unknown): number {
  const { get, has } = Map.prototype
  let lookups = 0
  Map.prototype.get = function (key) {
    lookups++
    return get.call(this, key)
  }
  Map.prototype.has = function (key) {
    lookups++
    return has.call(this, key)
  }
  try {
    run()
  } finally {
    Object.assign(Map.prototype, { get, has })
  }
  return lookups
}
