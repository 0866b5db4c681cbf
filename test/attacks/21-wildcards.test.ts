/**
 * Row 21: wildcards that cover too much (the battery of OkHttp's `CertificatePinner`, end to end).
 *
 *     *.partner.test      ──  www.partner.test
 *                         ╳   partner.test, a.b.partner.test, wwwpartner.test, www.partner.test.evil.test, a..partner.test
 *     **.partner.test     ──  partner.test, a.partner.test, a.b.c.partner.test
 *                         ╳   notpartner.test, a.partner.test.evil.test
 *     *.co.uk             ╳   a public suffix: the whole document is refused, and every call with it
 *
 * An attacker who owns a name near a pinned one wants it to be covered (and then presents a key of the pinned path), or
 * wants the real one not to be. The server here holds a certificate for every name that is tried, so only the policy
 * stands between a call and its answer. The patterns alone are tested in test/policy/host-table.test.ts.
 */

import assert from 'node:assert/strict'
import { request as httpsRequest } from 'node:https'
import { describe, it } from 'node:test'
import type { Guard } from '../../lib/index.ts'
import { leafOf, presented, rootAuthority } from '../support/authority.ts'
import { startTlsServer, type TlsServer } from '../support/tls-server.ts'
import { type Answered, assertAccepted, assertRefused, codeOf, SURFACES, watchedGuard } from './surfaces.ts'

const BATTERY: readonly (readonly [pattern: string, host: string, covered: boolean])[] = [
  ['partner.test', 'partner.test', true],
  ['partner.test', 'PARTNER.test.', true],
  ['partner.test', 'www.partner.test', false],
  ['partner.test', 'notpartner.test', false],
  ['partner.test', 'artner.test', false],
  ['partner.test', 'partner.test.evil.test', false],
  ['*.partner.test', 'www.partner.test', true],
  ['*.partner.test', 'WWW.Partner.Test', true],
  ['*.partner.test', 'www.partner.test.', true],
  ['*.partner.test', 'partner.test', false],
  ['*.partner.test', 'a.b.partner.test', false],
  ['*.partner.test', 'wwwpartner.test', false],
  ['*.partner.test', 'www.notpartner.test', false],
  ['*.partner.test', 'www.partner.test.evil.test', false],
  ['**.partner.test', 'partner.test', true],
  ['**.partner.test', 'a.partner.test', true],
  ['**.partner.test', 'a.b.c.partner.test', true],
  ['**.partner.test', 'notpartner.test', false],
  ['**.partner.test', 'a.notpartner.test', false],
  ['**.partner.test', 'a.partner.test.evil.test', false],
  ['**.partner.test', 'test', false],
  ['*.bücher.test', 'a.xn--bcher-kva.test', true],
  ['*.xn--bcher-kva.test', 'a.bücher.test', true],
]

/** Names with an empty label are no hosts; a URL parser lets them pass. */
const NO_HOSTS = ['.partner.test', '..partner.test', 'a..partner.test', 'www.partner.test..']

const root = await rootAuthority('Wildcard Root')
const stranger = await rootAuthority('Stranger')
const names = [...new Set([...BATTERY.map(([, host]) => canonical(host)), ...NO_HOSTS])]
const leaf = await leafOf(root, names)

for (const surface of SURFACES) {
  describe(`a wildcard covers exactly its hosts (${surface.name}):`, () => {
    for (const [pattern, host, covered] of BATTERY) {
      it(`${pattern} ${covered ? 'covers' : 'leaves out'} ${host}`, async (t) => {
        const server = await startTlsServer(presented(leaf))
        t.after(() => server.close())
        const url = `https://${host}:${server.port}/`

        const right = watchedGuard({ policy: { [pattern]: [leaf.pin, root.pin] }, ca: root.certificate })
        t.after(() => right.guard.close())
        const call = () => surface.call(right.guard, url)
        if (!covered) {
          await assertRefused(call, { code: 'ERR_HOST_NOT_COVERED', server, events: right.events })
          assert.equal(server.recording.connections, 0)
          return
        }
        const wrong = watchedGuard({ policy: { [pattern]: [stranger.pin] }, ca: root.certificate })
        t.after(() => wrong.guard.close())
        const mispinned = { code: 'ERR_PIN_MISMATCH', server, events: wrong.events }
        await assertRefused(() => surface.call(wrong.guard, url), mispinned)
        await assertAccepted(call, server)
      })
    }
  })

  it(`the most specific entry decides alone, so a broad one lends it no pins (${surface.name})`, async (t) => {
    const server = await startTlsServer(presented(leaf))
    t.after(() => server.close())
    const good = [leaf.pin, root.pin]
    const policy = { '**.partner.test': good, '*.partner.test': [stranger.pin], 'www.partner.test': good }
    const { guard, events } = watchedGuard({ policy, ca: root.certificate })
    t.after(() => guard.close())
    const call = (host: string) => () => surface.call(guard, `https://${host}:${server.port}/`)
    await assertRefused(call('a.partner.test'), { code: 'ERR_PIN_MISMATCH', server, events })
    await assertAccepted(call('www.partner.test'), server)
    await assertAccepted(call('a.b.c.partner.test'), server)
  })

  for (const pattern of ['*.com', '**.co.uk', '*.github.io', '*.s3.amazonaws.com', '*', '**', '*.*.partner.test']) {
    it(`a pattern over strangers' names refuses the document, and every call: ${pattern} (${surface.name})`, async (t) => {
      const server = await startTlsServer(presented(leaf))
      t.after(() => server.close())
      const policy = { 'www.partner.test': [leaf.pin, root.pin], [pattern]: [leaf.pin, root.pin] }
      const { guard, events } = watchedGuard({ policy, ca: root.certificate })
      t.after(() => guard.close())
      await assert.rejects(surface.call(guard, `https://www.partner.test:${server.port}/`), (error) => {
        assert.equal(codeOf(error), 'ERR_POLICY_MALFORMED')
        return true
      })
      assert.equal(server.recording.connections, 0)
      assert.ok(events.some(({ type }) => type === 'policy-refresh-failed'))
    })
  }
}

describe('a name with an empty label is covered by nothing, whatever the wildcard and the default', () => {
  for (const host of NO_HOSTS) {
    it(host, async (t) => {
      const server = await startTlsServer(presented(leaf))
      t.after(() => server.close())
      const hosts = { '**.partner.test': { pins: [leaf.pin, root.pin] } }
      const policy = { version: 1, default: 'allow', hosts }
      const { guard, events } = watchedGuard({ policy, ca: root.certificate })
      t.after(() => guard.close())
      await assertRefused(() => get(host, server, guard), { code: 'ERR_HOST_NOT_COVERED', server, events })
      assert.equal(server.recording.connections, 0)
    })
  }
})

function canonical(host: string): string {
  return new URL(`https://${host}`).hostname.replace(/\.$/, '')
}

function get(host: string, { port }: TlsServer, { agent }: Guard): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest({ host, port, agent }, (incoming) => {
      incoming.resume().on('end', () => resolve({ status: incoming.statusCode ?? 0, body: '' }))
    })
    outgoing.on('error', reject).end()
  })
}
