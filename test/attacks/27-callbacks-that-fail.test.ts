/**
 * Row 27: a throw inside `checkServerIdentity` is an uncaughtException with the socket left open: the function dies, or
 * worse, goes on. So is a throw in a `lookup`, and a rejection that nobody hears ends the process as well. Whatever a
 * user's callback does, the call it belongs to ends with an error, the process notices nothing, and no failure means
 * "accepted".
 *
 *     user's callback   throw ─→  the call rejects     uncaughtException, unhandledRejection: 0
 *                                 the server: no byte
 *     user's observer   throw ─→  nothing              the call goes on as if nobody had listened
 */

import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { leafOf, presented } from '../support/authority.ts'
import { startTlsServer } from '../support/tls-server.ts'
import { HOST, partner } from './cast.ts'
import { NOBODYS_PINS } from './changing-policy.ts'
import { inChild } from './child.ts'
import type { Finding, Given } from './children/throwing-callbacks.ts'

const MISPINNED = 'mispinned.partner.test'

/** By the callback that fails: what each surface's call must end with; a pattern must be in the code or the name. */
const EXPECTED: Readonly<Record<string, number | RegExp>> = {
  observer: 200,
  'observer, not pinned': /^ERR_PIN_MISMATCH$/,
  'metrics sink': /^ERR_PIN_MISMATCH$/,
  lookup: /^(?!no outcome|not an Error)/,
  'lookup that has answered': 200,
  source: /^ERR_POLICY_UNAVAILABLE$/,
  'source, asked late': /^ERR_POLICY_UNAVAILABLE$/,
  // What a getter gives after all is judged as any document.
  'policy getter': /^ERR_POLICY_(UNAVAILABLE|MALFORMED)$/,
  'document getter': /^ERR_POLICY_(UNAVAILABLE|MALFORMED)$/,
  checkServerIdentity: /^(?!no outcome|not an Error)/,
}

describe('a callback that fails', () => {
  let findings: readonly Finding[] = []
  let requests = 0

  before(async () => {
    const { root, issuing } = await partner()
    const leaf = await leafOf(issuing, [HOST, MISPINNED])
    const server = await startTlsServer(presented(leaf, issuing))
    const given: Given = {
      ca: root.certificate,
      policy: { version: 1, hosts: { [HOST]: { pins: [leaf.pin, issuing.pin] }, [MISPINNED]: { pins: NOBODYS_PINS } } },
      goodUrl: `https://${HOST}:${server.port}/`,
      badUrl: `https://${MISPINNED}:${server.port}/`,
    }
    try {
      findings = await inChild<Finding[]>('throwing-callbacks', given)
      requests = server.recording.requests
    } finally {
      await server.close()
    }
  })

  it('is never an uncaught exception nor an unhandled rejection of the process', () => {
    const unheard = findings.filter(({ uncaught }) => uncaught.length > 0)
    assert.deepEqual(
      unheard.map(({ kind, title, uncaught }) => `${kind} ${title}: ${uncaught.join(', ')}`),
      [],
    )
  })

  for (const [kind, expected] of Object.entries(EXPECTED)) {
    it(`${expected === 200 ? 'leaves the call as it is' : 'ends the call with an error'}: ${kind}`, () => {
      const found = findings.filter((finding) => finding.kind === kind)
      assert.ok(found.length >= 3, 'every way to fail was tried')
      for (const { title, outcomes } of found) {
        for (const outcome of outcomes) {
          if (typeof expected === 'number') assert.equal(outcome, expected, title)
          else assert.match(String(outcome), expected, `${title}: ${outcomes.join(', ')}`)
        }
        if (expected !== 200) assert.ok(!outcomes.includes(200), `${title} was taken for "accepted"`)
      }
    })
  }

  it('lets no byte out, but for the calls that must go on', () => {
    const answered = findings.filter(({ kind }) => EXPECTED[kind] === 200).flatMap(({ outcomes }) => outcomes)
    assert.deepEqual([requests, answered.length], [28, 28])
  })
})
