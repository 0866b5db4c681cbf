import assert from 'node:assert/strict'
import { test } from 'node:test'
import { partnerUrl } from '../../functions/partner-url.ts'

const BASE = 'https://api.partner.example:8443/v1?key=none'

test('without a path the URL is the partner’s own', () => {
  assert.equal(partnerUrl(BASE).href, BASE)
})

test('a path is appended, and its query replaces the query of the URL', () => {
  assert.equal(partnerUrl(BASE, '/quotes').href, 'https://api.partner.example:8443/v1/quotes?key=none')
  assert.equal(partnerUrl(BASE, '/quotes?a=1?b').href, 'https://api.partner.example:8443/v1/quotes?a=1?b')
  assert.equal(partnerUrl('https://localhost/', '/x').href, 'https://localhost/x')
})

test('no path leads to another host, port, scheme or to credentials', () => {
  const paths = [
    '//evil.example',
    '/\\evil.example',
    '/../../evil',
    '/@evil.example',
    '/%2f%2fevil',
    '/:80',
    '/#/\t/x',
    '/\n//x',
  ]
  for (const base of [BASE, 'https://api.partner.example:8443', 'https://api.partner.example:8443/']) {
    for (const path of paths) {
      const url = partnerUrl(base, path)
      assert.equal(url.origin, 'https://api.partner.example:8443', path)
      assert.equal(url.username + url.password + url.hash, '', path)
      assert.equal(new URL(url.href).origin, url.origin, path)
    }
  }
})

test('a path that is no path is refused', () => {
  for (const path of ['quotes', 'https://evil.example/', '@evil.example', '.evil.example', ':80/', '\\evil']) {
    assert.throws(() => partnerUrl(BASE, path), TypeError)
  }
})
