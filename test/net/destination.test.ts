/** Where requests go, worked out once for each origin. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { callTo } from '../../lib/net/call.ts'
import { Destinations } from '../../lib/net/destination.ts'

function counted() {
  const asked: string[] = []
  const destinations = new Destinations((protocol, hostname, port) => {
    asked.push(hostname)
    return callTo(protocol, hostname, port)
  })
  return { asked, destinations }
}

describe('a destination', () => {
  it('is the canonical call, and the origin as undici writes it', () => {
    const { destinations } = counted()
    assert.deepEqual(
      { ...destinations.at('https://API.partner.test.:443/') },
      {
        call: { protocol: 'https:', host: 'api.partner.test', port: 443, isProxy: false },
        origin: 'https://api.partner.test.',
        servername: 'api.partner.test',
        key: 'https://api.partner.test. api.partner.test',
      },
    )
    assert.equal(destinations.at(new URL('https://192.0.2.1:8443')).servername, undefined)
    assert.equal(destinations.at('https://[2001:db8::1]').servername, undefined)
  })

  it('is worked out once for each origin, and cannot be changed by whoever holds it', () => {
    const { asked, destinations } = counted()
    const first = destinations.at('https://api.partner.test')
    assert.equal(destinations.at('https://api.partner.test'), first)
    assert.equal(destinations.at(new URL('https://api.partner.test/path').origin), first)
    assert.notEqual(destinations.at('https://api.partner.test:8443').key, first.key)
    assert.deepEqual(asked, ['api.partner.test', 'api.partner.test'])
    assert.ok(Object.isFrozen(first) && Object.isFrozen(first.call))
  })

  it('of the same address by two names is two', () => {
    const { destinations } = counted()
    const address = destinations.at('https://192.0.2.1')
    const [one, two] = ['a.test', 'b.test'].map((name) => destinations.named(address, name))
    assert.deepEqual([one?.call.host, two?.call.host, one?.origin], ['a.test', 'b.test', 'https://192.0.2.1'])
    assert.equal(new Set([address.key, one?.key, two?.key]).size, 3)
  })

  it('that is none is refused each time, and never remembered', () => {
    const { asked, destinations } = counted()
    for (const origin of ['https://a..test', 'https://a..test', 'ftp://a.test', 'nonsense', '', undefined, null]) {
      assert.throws(() => destinations.at(origin), `${origin}`)
    }
    assert.deepEqual(asked, ['a..test', 'a..test', 'a.test'])
  })

  it('is right however many there were before', () => {
    const { destinations } = counted()
    for (let round = 0; round < 2; round++) {
      for (let index = 0; index < 1_500; index++) {
        assert.equal(destinations.at(`https://h${index}.test`).call.host, `h${index}.test`)
      }
    }
  })
})
