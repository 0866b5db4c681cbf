/**
 * Row 18: one host, many spellings.
 *
 * The attacker can't change the policy, but can change how a URL spells its host: in upper case, with the dot of a
 * fully qualified name, with unicode dots or letters, percent-encoded, as a number, as an IPv6 address that wraps an
 * IPv4 one, or behind a user name. All of them reach the same server:
 *
 *     https://API.Partner.Test.   ─┐
 *     https://api。partner．test    ─┼─▶  the same peer  ──  one entry must speak for it
 *     https://%61pi.partner.test  ─┘
 *
 * The policy lets uncovered hosts through (`"default": "allow"`), so a spelling that gets round its entry is answered.
 */

import assert from 'node:assert/strict'
import { type Agent, request as httpsRequest } from 'node:https'
import { describe, it } from 'node:test'
import { request as undiciRequest } from 'undici'
import type { GuardOptions } from '../../lib/index.ts'
import { leafOf, presented, rootAuthority } from '../support/authority.ts'
import { startTlsServer, type TlsServer } from '../support/tls-server.ts'
import { assertAccepted, assertRefused, SURFACES, watchedGuard } from './surfaces.ts'

const root = await rootAuthority('Spelling Root')
const stranger = await rootAuthority('Stranger')
const leaf = await leafOf(root, ['api.partner.test', 'xn--bcher-kva.test', '127.0.0.1'])

const SPELLINGS: readonly (readonly [spelling: string, entry: string])[] = [
  ['API.Partner.TEST', 'api.partner.test'],
  ['api.partner.test.', 'api.partner.test'],
  ['API.PARTNER.TEST.', 'api.partner.test'],
  ['api。partner．test', 'api.partner.test'],
  ['api｡partner.test', 'api.partner.test'],
  ['ａｐｉ.partner.test', 'api.partner.test'],
  ['a\u00adpi.partner.test', 'api.partner.test'],
  ['%61pi.partner.test', 'api.partner.test'],
  ['api%2epartner%2Etest', 'api.partner.test'],
  ['api.partner.test', 'API.Partner.Test.'],
  ['bücher.test', 'xn--bcher-kva.test'],
  ['BÜCHER.test', 'xn--bcher-kva.test'],
  ['xn--bcher-kva.test', 'bücher.test'],
  ['bu\u0308cher.test.', 'bücher.test'],
  ['127.1', '127.0.0.1'],
  ['0x7f.0.0.1', '127.0.0.1'],
  ['2130706433', '127.0.0.1'],
  ['127.0.0.1.', '127.0.0.1'],
  ['[::ffff:127.0.0.1]', '127.0.0.1'],
  ['[::ffff:7f00:1]', '127.0.0.1'],
  ['[0:0:0:0:0:FFFF:127.0.0.1]', '127.0.0.1'],
  ['127.0.0.1', '[::ffff:127.0.0.1]'],
]

function rules(entry: string, ...pins: readonly string[]): GuardOptions {
  return {
    policy: { version: 1, default: 'allow', hosts: { [entry]: { pins } } },
    ca: root.certificate,
    proxy: false,
  }
}

const pinned = (entry: string) => rules(entry, leaf.pin, root.pin)
const mispinned = (entry: string) => rules(entry, stranger.pin)

for (const surface of SURFACES) {
  describe(`however the URL spells the host, one entry speaks for it (${surface.name}):`, () => {
    for (const [spelling, entry] of SPELLINGS) {
      it(`${JSON.stringify(spelling)} is ${entry}`, async (t) => {
        const server = await startTlsServer(presented(leaf))
        t.after(() => server.close())
        const url = `https://${spelling}:${server.port}/`

        const wrong = watchedGuard(mispinned(entry))
        t.after(() => wrong.guard.close())
        const refused = { code: 'ERR_PIN_MISMATCH', server, events: wrong.events }
        await assertRefused(() => surface.call(wrong.guard, url), refused)

        const right = watchedGuard(pinned(entry))
        t.after(() => right.guard.close())
        await assertAccepted(() => surface.call(right.guard, url), server)
        const accepted = right.events.find(({ type }) => type === 'connection-accepted')
        assert.ok(accepted !== undefined && 'pattern' in accepted && accepted.pattern !== undefined)
      })
    }
  })
}

describe('options that never were a URL', () => {
  for (const host of ['API.Partner.TEST.', 'api。partner.test', '%61pi.partner.test', '0x7f.1', '::ffff:127.0.0.1']) {
    const entry = /^[0x:]/.test(host) ? '127.0.0.1' : 'api.partner.test'

    it(`give no other host to pinnedAgent: ${JSON.stringify(host)} is ${entry}`, async (t) => {
      const server = await startTlsServer(presented(leaf))
      t.after(() => server.close())
      const wrong = watchedGuard(mispinned(entry))
      t.after(() => wrong.guard.close())
      const call = () => get(host, server, wrong.guard.agent)
      await assertRefused(call, { code: 'ERR_PIN_MISMATCH', server, events: wrong.events })

      const right = watchedGuard(pinned(entry))
      t.after(() => right.guard.close())
      assert.equal(await get(host, server, right.guard.agent), 200)
    })
  }

  for (const host of ['api..partner.test', '.partner.test', 'api.partner.test..', 'api.partner.test/', 'api partner']) {
    it(`that name no host at all are refused, whatever the default: ${JSON.stringify(host)}`, async (t) => {
      const server = await startTlsServer(presented(leaf))
      t.after(() => server.close())
      const { guard, events } = watchedGuard(pinned('api.partner.test'))
      t.after(() => guard.close())
      const call = () => get(host, server, guard.agent)
      await assertRefused(call, { code: 'ERR_HOST_NOT_COVERED', server, events })
      assert.equal(server.recording.connections, 0)
    })
  }
})

describe('a user name in the URL', () => {
  const overFetch = SURFACES.filter(({ name }) => /fetch/i.test(name))
  const others = SURFACES.filter((surface) => !overFetch.includes(surface))

  for (const surface of others) {
    it(`never is the host: api.partner.test@evil.test is evil.test (${surface.name})`, async (t) => {
      const server = await startTlsServer(presented(leaf))
      t.after(() => server.close())
      const { guard, events } = watchedGuard({ ...pinned('api.partner.test'), policy: shortPolicy() })
      t.after(() => guard.close())
      const url = `https://api.partner.test:443@evil.test:${server.port}/`
      await assertRefused(() => surface.call(guard, url), { code: 'ERR_HOST_NOT_COVERED', server, events })
      assert.equal(server.recording.connections, 0)
    })

    it(`does not get round the entry: evil.test@api.partner.test is api.partner.test (${surface.name})`, async (t) => {
      const server = await startTlsServer(presented(leaf))
      t.after(() => server.close())
      const { guard, events } = watchedGuard(mispinned('api.partner.test'))
      t.after(() => guard.close())
      const url = `https://evil.test:secret@api.partner.test:${server.port}/`
      await assertRefused(() => surface.call(guard, url), { code: 'ERR_PIN_MISMATCH', server, events })
    })
  }

  for (const surface of overFetch) {
    it(`is no URL for a fetch, and opens no connection (${surface.name})`, async (t) => {
      const server = await startTlsServer(presented(leaf))
      t.after(() => server.close())
      const { guard } = watchedGuard(pinned('api.partner.test'))
      t.after(() => guard.close())
      await assert.rejects(surface.call(guard, `https://user:word@api.partner.test:${server.port}/`), TypeError)
      assert.equal(server.recording.connections, 0)
    })
  }

  it('in the origin of undici.request changes nothing', async (t) => {
    const server = await startTlsServer(presented(leaf))
    t.after(() => server.close())
    const { guard, events } = watchedGuard(mispinned('api.partner.test'))
    t.after(() => guard.close())
    const url = new URL(`https://evil.test@API.partner.test.:${server.port}/`)
    const call = () => undiciRequest(url, { dispatcher: guard.dispatcher })
    await assertRefused(call, { code: 'ERR_PIN_MISMATCH', server, events })
  })
})

function shortPolicy(): unknown {
  return { 'api.partner.test': [leaf.pin, root.pin] }
}

function get(host: string, { port }: TlsServer, agent: Agent): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest({ host, port, path: '/', agent, headers: { host: 'named.test' } }, (incoming) => {
      incoming.resume().on('end', () => resolve(incoming.statusCode))
    })
    outgoing.on('error', reject).end()
  })
}
