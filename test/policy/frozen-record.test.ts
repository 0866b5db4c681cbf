/** What somebody gave to `Object.prototype` is not taken for what a document said. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parsePolicy } from '../../lib/policy/document.ts'
import { parseHostPattern } from '../../lib/policy/host.ts'
import { pinOf } from '../source/controllable-source.ts'

const GIVEN = {
  mode: 'report',
  onExpiry: 'report',
  expires: 0,
  reportUntil: Number.MAX_SAFE_INTEGER,
  port: 1,
  anchors: [],
}

describe('a policy that is read while Object.prototype has fields of a policy', () => {
  Object.assign(Object.prototype, GIVEN)
  const forms = [
    { version: 1, hosts: { 'a.test': { pins: [pinOf(1)] } } },
    { version: 1, hosts: { '*.a.test': { leafPins: [pinOf(1)], issuerPins: [pinOf(2)] } } },
    { 'a.test': [pinOf(1)] },
  ]
  const entries = forms.map((document) => parsePolicy(document).hosts.entries()).flatMap((all) => [...all])
  const seen = entries.map(({ mode, onExpiry, expires, reportUntil, anchors, leafPins, pattern }) => {
    return { mode, onExpiry, expires, reportUntil, anchors, isSplit: leafPins !== undefined, port: pattern.port }
  })
  const place = parseHostPattern('a.test:8443', '').port
  for (const name of Object.keys(GIVEN)) Reflect.deleteProperty(Object.prototype, name)

  it('has none of them', () => {
    const own = { mode: 'enforce', onExpiry: 'enforce', expires: undefined, reportUntil: undefined, anchors: undefined }
    assert.deepEqual(
      seen,
      [false, true, false].map((isSplit) => ({ ...own, isSplit, port: undefined })),
    )
    assert.equal(place, 8443)
  })

  it('cannot be changed', () => {
    for (const entry of entries) assert.ok(Object.isFrozen(entry) && Object.isFrozen(entry.pattern))
  })
})
