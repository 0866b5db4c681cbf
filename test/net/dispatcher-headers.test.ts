import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { request } from 'undici'
import { codeOf, watchedGuard } from '../attacks/surfaces.ts'
import { leafOf, presented, rootAuthority } from '../support/authority.ts'
import { startPlainServer } from '../support/plain-server.ts'
import { startTlsServer } from '../support/tls-server.ts'

const root = await rootAuthority('Root')
const leaf = await leafOf(root, ['127.0.0.1', 'api.partner.test'])
const pins = [leaf.pin, root.pin]

describe('headers that can be read once', () => {
  const pairs = [
    ['x-first', 'one'],
    ['authorization', 'two'],
  ] as const
  for (const [form, headers] of [
    ['an iterator', () => new Map(pairs).entries()],
    ['a generator', () => pairs[Symbol.iterator]()],
    ['a map', () => new Map(pairs)],
    ['a flat list', () => pairs.flat()],
    ['a record', () => Object.fromEntries(pairs)],
  ] as const) {
    it(`arrive, though the guard reads them too: ${form}, to an address`, async (t) => {
      const server = await startTlsServer(presented(leaf))
      t.after(() => server.close())
      const policy = { version: 1, default: 'allow', hosts: { 'else.test': { pins } } }
      const { guard } = watchedGuard({ policy, ca: root.certificate })
      t.after(() => guard.close())
      const url = `https://127.0.0.1:${server.port}/`
      const { body } = await request(url, { dispatcher: guard.dispatcher, headers: headers() as Iterable<never> })
      await body.dump()
      const received = server.recording.received[0]?.headers
      assert.deepEqual([received?.['x-first'], received?.['authorization']], ['one', 'two'])
    })
  }
})

describe('an address that only a mode opens', () => {
  for (const [what, policy, options] of [
    ['the option mode', { version: 1, hosts: { 'api.partner.test': { pins } } }, { mode: 'report' }],
    ['the default', { version: 1, default: 'report', hosts: { 'api.partner.test': { pins } } }, {}],
  ] as const) {
    it(`is no way out for plain HTTP to a covered host that its Host header names: ${what}`, async (t) => {
      const server = await startPlainServer()
      t.after(() => server.close())
      const { guard } = watchedGuard({ policy, ca: root.certificate, ...options })
      t.after(() => guard.close())
      const headers = { host: 'api.partner.test' }
      const call = request(`http://127.0.0.1:${server.port}/`, { dispatcher: guard.dispatcher, headers })
      await assert.rejects(call, (error) => codeOf(error) === 'ERR_PLAINTEXT_REFUSED')
      assert.equal(server.recording.bytes, 0)
    })
  }
})
