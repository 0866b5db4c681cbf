/** undici.ts reads single files of undici, which are no public interface: they must be what the index gives out. */

import assert from 'node:assert/strict'
import { it } from 'node:test'
import * as index from 'undici'
import * as parts from '../../../lib/net/undici/undici.ts'

it('the parts that are imported file by file are those of undici’s index', () => {
  const { api, fetch, ...classes } = parts
  for (const [name, part] of Object.entries(classes)) assert.equal(part, Reflect.get(index, name), name)
  for (const [name, method] of Object.entries(api)) {
    assert.equal(method, Reflect.get(index.Dispatcher.prototype, name), name)
  }
  // The index gives out a function around it, which adds a stack.
  assert.equal(fetch.name, index.fetch.name)
  assert.equal(fetch.length, 1)
})
