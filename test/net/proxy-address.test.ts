import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseProxyAddress } from '../../lib/net/proxy/address.ts'

describe('the address of a proxy', () => {
  for (const [text, label] of [
    ['http://proxy.test:3128', 'http://proxy.test:3128'],
    ['http://proxy.test', 'http://proxy.test:80'],
    ['https://proxy.test/', 'https://proxy.test:443'],
    ['socks5://proxy.test', 'socks5://proxy.test:1080'],
    ['socks5h://proxy.test:9050', 'socks5://proxy.test:9050'],
    ['HTTP://PROXY.Test.:8080', 'http://proxy.test:8080'],
    ['http://[::1]:3128', 'http://[::1]:3128'],
    ['socks5://[2001:DB8::1]', 'socks5://[2001:db8::1]:1080'],
    ['http://name:secret@proxy.test', 'http://proxy.test:80'],
    ['socks5://b%C3%BCcher.test', 'socks5://xn--bcher-kva.test:1080'],
  ] as const) {
    it(`is ${label} for ${text}`, () => assert.equal(parseProxyAddress(text)?.label, label))
  }

  it('brings its credentials, decoded', () => {
    const { credentials } = parseProxyAddress('http://us%40er:p%3Ass%2F@proxy.test') ?? {}
    assert.deepEqual(credentials, { username: 'us@er', password: 'p:ss/' })
    assert.equal(parseProxyAddress('http://proxy.test')?.credentials, undefined)
    assert.deepEqual(parseProxyAddress('socks5://token@proxy.test')?.credentials, { username: 'token', password: '' })
  })

  for (const text of ['', 'proxy.test:3128', 'ftp://a.test', 'http://a.test/x', 'http://a.test#x', 'socks5://']) {
    it(`is none for "${text}"`, () => assert.equal(parseProxyAddress(text), undefined))
  }
})
