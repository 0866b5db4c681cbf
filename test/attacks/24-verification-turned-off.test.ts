/**
 * Row 24: somebody turned TLS verification off, for the process (`NODE_TLS_REJECT_UNAUTHORIZED=0` in the function's
 * environment, years ago), for a call (`rejectUnauthorized: false`, from an answer on the internet) or by replacing
 * `tls.connect`. Calls through the guard stay verified, and the owner hears of it.
 *
 *     plain https.get   ── any certificate ─→  answered
 *     pinned surfaces   ── the same ────────→  refused, by Node's own error; and a warning
 */

import assert from 'node:assert/strict'
import { request as httpsRequest, type RequestOptions } from 'node:https'
import { describe, it } from 'node:test'
import { findPinnedFetchError } from '../../lib/index.ts'
import { leafOf, mint, presented, SERVER_AUTHENTICATION } from '../support/authority.ts'
import { startTlsServer } from '../support/tls-server.ts'
import { expired, HOST, partner } from './cast.ts'
import { NOBODYS_PINS } from './changing-policy.ts'
import { inChild } from './child.ts'
import type { Given, Report } from './children/verification-off.ts'
import { changeConnectOptions } from './patches.ts'
import { assertRefused, type Guarded, SURFACES, watchedGuard } from './surfaces.ts'

const NAMESAKE = 'another.name.test'
const MISPINNED = 'mispinned.partner.test'

const { root, issuing, leaf } = await partner()
const selfSigned = await mint({ names: [HOST], keys: leaf, extendedKeyUsage: [SERVER_AUTHENTICATION] })
const renewedTooLate = await leafOf(issuing, [HOST], { keys: leaf, ...expired() })
const good = await leafOf(issuing, [HOST, MISPINNED], { keys: leaf })
const policy = { [HOST]: [leaf.pin, leaf.pin], [NAMESAKE]: [leaf.pin, leaf.pin], [MISPINNED]: [...NOBODYS_PINS] }

/** All but the last hold the pinned key. */
const CASES = [
  { title: 'self-signed', host: HOST, chain: presented(selfSigned), code: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
  { title: 'expired', host: HOST, chain: presented(renewedTooLate, issuing), code: 'CERT_HAS_EXPIRED' },
  {
    title: 'without its issuer',
    host: HOST,
    chain: presented(good),
    code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  },
  {
    title: 'for another name',
    host: NAMESAKE,
    chain: presented(good, issuing),
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
  },
  { title: 'valid, but not pinned', host: MISPINNED, chain: presented(good, issuing), code: 'ERR_PIN_MISMATCH' },
] as const

for (const { isSetLate, when } of [
  { isSetLate: false, when: 'in the environment of the process' },
  { isSetLate: true, when: 'by the process itself, after the guard was made' },
]) {
  it(`NODE_TLS_REJECT_UNAUTHORIZED=0, set ${when}, turns nothing off and is told`, async (t) => {
    const servers = await Promise.all(CASES.map(({ chain }) => startTlsServer(chain)))
    t.after(() => Promise.all(servers.map((server) => server.close())))
    const urls = CASES.map(({ host }, index) => `https://${host}:${servers[index]?.port}/`)
    const given: Given = { ca: root.certificate, policy, urls, isSetLate }
    const environment = isSetLate ? {} : { NODE_TLS_REJECT_UNAUTHORIZED: '0' }
    const report = await inChild<Report>('verification-off', given, environment)
    for (const [index, { code }] of CASES.entries()) {
      assert.deepEqual(report.outcomes[urls[index] ?? ''], { unguarded: 200, guarded: [code, code, code, code] })
      // The plain call's, and no other.
      assert.equal(servers[index]?.recording.requests, 1)
    }
    const told = new Set(report.tlsFailures)
    for (const { code } of CASES.slice(0, -1)) assert.ok(told.has(code), `no event told of ${code}`)
    assert.ok(report.warnings.includes('TLS_VERIFICATION_OFF'))
  })
}

describe('rejectUnauthorized: false in a call through pinnedAgent', () => {
  for (const { title, host, chain, code } of CASES) {
    it(`turns nothing off and is told: a certificate ${title}`, async (t) => {
      const server = await startTlsServer(chain)
      t.after(() => server.close())
      const { guard, events } = watchedGuard({ policy, ca: root.certificate })
      t.after(() => guard.close())
      for (const options of [
        { rejectUnauthorized: false },
        { rejectUnauthorized: false, checkServerIdentity: () => undefined },
        { rejectUnauthorized: false, key: leaf.privateKey, cert: leaf.certificate },
      ]) {
        const call = () => get(guard, `https://${host}:${server.port}/`, options)
        await assertRefused(call, { code, server, events })
      }
      const warnings = events.filter((event) => event.type === 'warning').map((event) => event.code)
      assert.ok(warnings.includes('VERIFICATION_REQUESTED_OFF'))
    })
  }

  it('nor on the agent itself', async (t) => {
    const server = await startTlsServer(presented(selfSigned))
    t.after(() => server.close())
    const { guard, events } = watchedGuard({ policy, ca: root.certificate })
    t.after(() => guard.close())
    guard.agent.options.rejectUnauthorized = false
    const call = () => get(guard, `https://${HOST}:${server.port}/`, {})
    await assertRefused(call, { code: 'DEPTH_ZERO_SELF_SIGNED_CERT', server, events })
  })
})

describe('tls.connect replaced by one that verifies nothing', () => {
  for (const surface of SURFACES) {
    it(`is noticed after the handshake (${surface.name})`, async (t) => {
      const server = await startTlsServer(presented(selfSigned))
      t.after(() => server.close())
      const { guard, events } = watchedGuard({ policy, ca: root.certificate })
      t.after(() => guard.close())
      changeConnectOptions(t, (options) => ({ ...options, rejectUnauthorized: false }))
      const call = () => surface.call(guard, `https://${HOST}:${server.port}/`)
      const error = await assertRefused(call, { code: 'ERR_PATH_NOT_VERIFIED', server, events })
      assert.match(
        String(findPinnedFetchError(error)?.message),
        /TLS did not verify it \(DEPTH_ZERO_SELF_SIGNED_CERT\)/,
      )
    })
  }
})

function get(guard: Guarded, url: string, options: RequestOptions): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(url, { ...options, agent: guard.agent }, (incoming) => {
      resolve(incoming.resume().statusCode)
    })
    outgoing.on('error', reject).end()
  })
}
