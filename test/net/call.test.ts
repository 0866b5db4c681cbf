import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { findPinnedFetchError } from '../../lib/errors.ts'
import { callTo, callToPlace, isAddress } from '../../lib/net/call.ts'

const placeOf = (protocol: string, host: string, port?: number | string) => {
  const call = callTo(protocol, host, port)
  return `${call.protocol}//${call.host}:${call.port}`
}

describe('where a call goes', () => {
  const places: readonly (readonly [string, string, number | string | undefined, string])[] = [
    ['https:', 'api.test', undefined, 'https://api.test:443'],
    ['http:', 'api.test', undefined, 'http://api.test:80'],
    ['https:', 'api.test', '', 'https://api.test:443'],
    ['https:', 'api.test', '8443', 'https://api.test:8443'],
    ['https:', 'api.test', 65_535, 'https://api.test:65535'],
    ['https:', 'API.Test', undefined, 'https://api.test:443'],
    ['https:', 'api.test.', undefined, 'https://api.test:443'],
    ['https:', 'bücher.test', undefined, 'https://xn--bcher-kva.test:443'],
    ['https:', 'api\u3002test', undefined, 'https://api.test:443'],
    ['https:', '0x7f.1', undefined, 'https://127.0.0.1:443'],
    ['https:', '[::1]', undefined, 'https://::1:443'],
    ['https:', '::1', undefined, 'https://::1:443'],
    ['https:', '[2001:DB8::0:1]', undefined, 'https://2001:db8::1:443'],
    ['https:', '[::ffff:10.0.0.1]', undefined, 'https://10.0.0.1:443'],
  ]
  for (const [protocol, host, port, expected] of places) {
    it(`is ${expected} when it is written ${protocol} ${host} ${port ?? ''}`, () => {
      assert.equal(placeOf(protocol, host, port), expected)
    })
  }
})

describe('a call to a place that does not exist is refused, whatever the policy says', () => {
  const nowhere: readonly (readonly [string, string, number | string | undefined])[] = [
    ['ftp:', 'api.test', undefined],
    ['https', 'api.test', undefined],
    ['https:', '', undefined],
    ['https:', 'a..test', undefined],
    ['https:', 'api.test..', undefined],
    ['https:', 'api.test/evil.test', undefined],
    ['https:', 'evil.test@api.test', undefined],
    ['https:', 'api.test evil.test', undefined],
    ['https:', 'api.test\0.evil.test', undefined],
    ['https:', '1.2.3.999', undefined],
    ['https:', '[::1', undefined],
    ['https:', 'api.test:8443', undefined],
    ['https:', 'api.test', 0],
    ['https:', 'api.test', 65_536],
    ['https:', 'api.test', -1],
    ['https:', 'api.test', 443.5],
    ['https:', 'api.test', 'https'],
    ['https:', 'api.test', Number.NaN],
  ]
  for (const [protocol, host, port] of nowhere) {
    it(`such as ${JSON.stringify([protocol, host, port])}`, () => {
      assert.throws(
        () => callTo(protocol, host, port),
        (error) => findPinnedFetchError(error)?.code === 'ERR_HOST_NOT_COVERED',
      )
    })
  }
})

describe('a place in the options', () => {
  it('is a host, or a host and a port; an IPv6 address with a port has brackets', () => {
    const portOf = (place: string) => `${callToPlace(place).host} ${callToPlace(place).port}`
    assert.equal(portOf('api.test'), 'api.test 443')
    assert.equal(portOf('api.test:8443'), 'api.test 8443')
    assert.equal(portOf('[::1]:8443'), '::1 8443')
    assert.equal(portOf('[::1]'), '::1 443')
    assert.equal(portOf('2001:db8::5:443'), '2001:db8::5:443 443')
  })

  it('is refused when it is a URL, or ends in no port', () => {
    for (const place of ['https://api.test', 'api.test:', 'api.test:x', 'api.test:0', 'api.test:99999', ':443', '']) {
      assert.throws(
        () => callToPlace(place),
        (error) => findPinnedFetchError(error) !== undefined,
        place,
      )
    }
  })
})

describe('an address', () => {
  it('is told from a name', () => {
    assert.deepEqual(['127.0.0.1', '::1', 'api.test', '1.2.3.4.test'].map(isAddress), [true, true, false, false])
  })
})
