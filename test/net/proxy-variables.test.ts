import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { findPinnedFetchError } from '../../lib/errors.ts'
import type { Call } from '../../lib/judge.ts'
import { proxyFromEnvironment, setProxyVariable } from '../../lib/net/proxy/variables.ts'

const call = (host = 'api.partner.test', port = 443, protocol: Call['protocol'] = 'https:') => ({
  protocol,
  host,
  port,
})
const PROXY = { https_proxy: 'http://proxy.test:3128' }
const isExempt = (no_proxy: string, to = call()) => proxyFromEnvironment(to, { ...PROXY, no_proxy }) === undefined

describe('the proxy that the environment names', () => {
  for (const [variables, https, http] of [
    [{}, undefined, undefined],
    [{ HTTPS_PROXY: 'http://a.test' }, 'http://a.test:80', undefined],
    [{ http_proxy: 'http://a.test' }, undefined, 'http://a.test:80'],
    [{ HTTPS_PROXY: 'http://upper.test', https_proxy: 'http://lower.test' }, 'http://lower.test:80', undefined],
    [{ https_proxy: '', HTTPS_PROXY: 'http://upper.test' }, 'http://upper.test:80', undefined],
    [{ ALL_PROXY: 'socks5h://a.test' }, 'socks5://a.test:1080', 'socks5://a.test:1080'],
    [{ all_proxy: 'http://all.test', HTTP_PROXY: 'http://a.test' }, 'http://all.test:80', 'http://a.test:80'],
    // As curl: without a scheme it is an HTTP proxy, whatever the call is.
    [{ HTTPS_PROXY: 'proxy.test:3128' }, 'http://proxy.test:3128', undefined],
    [{ HTTPS_PROXY: ' name:word@proxy.test:3128 ' }, 'http://proxy.test:3128', undefined],
  ] as const) {
    it(`is ${https} for https and ${http} for http with ${JSON.stringify(variables)}`, () => {
      assert.equal(proxyFromEnvironment(call(), variables)?.label, https)
      assert.equal(proxyFromEnvironment(call('a.test', 80, 'http:'), variables)?.label, http)
      assert.equal(setProxyVariable('https:', variables) === undefined, https === undefined)
    })
  }

  it('is an error of the configuration when it is none, and its text is not told', () => {
    for (const value of ['ftp://name:hunter2@proxy.test', 'http://hunter2:%zz@proxy.test', '://hunter2', 'a hunter2']) {
      let thrown: unknown
      try {
        proxyFromEnvironment(call(), { HTTPS_PROXY: value })
      } catch (error) {
        thrown = error
      }
      const failure = findPinnedFetchError(thrown)
      assert.ok(failure?.code === 'ERR_CONFIGURATION', value)
      assert.equal(failure.evidence.option, 'HTTPS_PROXY')
      assert.doesNotMatch(failure.message, /hunter2/)
    }
  })
})

describe('a host of no_proxy', () => {
  for (const list of [
    '*',
    'api.partner.test',
    'partner.test',
    '.partner.test',
    '*.partner.test',
    'API.Partner.Test.',
    'other.test,partner.test',
    ' other.test  partner.test ',
    'partner.test:443',
  ]) {
    it(`is called directly: ${list}`, () => assert.equal(isExempt(list), true))
  }

  for (const list of ['', 'other.test', 'artner.test', 'x.api.partner.test', 'partner.test:8443', 'partner', ',']) {
    it(`is not this one: "${list}"`, () => assert.equal(isExempt(list), false))
  }

  it('may be an address, with a port or without', () => {
    assert.equal(isExempt('127.0.0.1', call('127.0.0.1')), true)
    assert.equal(isExempt('[::1]', call('::1')), true)
    assert.equal(isExempt('::1', call('::1')), true)
    assert.equal(isExempt('[::1]:443', call('::1')), true)
    assert.equal(isExempt('[::1]:444', call('::1')), false)
    assert.equal(isExempt('0.0.1', call('127.0.0.1')), false)
  })

  it('is read in upper case, too', () => {
    assert.equal(proxyFromEnvironment(call(), { ...PROXY, NO_PROXY: 'partner.test' }), undefined)
    assert.notEqual(proxyFromEnvironment(call(), { ...PROXY, no_proxy: 'a.test', NO_PROXY: 'partner.test' }), undefined)
  })
})
