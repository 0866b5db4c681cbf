/**
 * Row 27, what else a guard must not do to its process: importing npm undici puts that undici under Node's own `fetch`
 * (`Symbol.for('undici.globalDispatcher.1')`; nodejs/undici#5500), with another HTTP stack and other errors for code
 * that never heard of pins. Importing and using pinned-fetch leaves the process's `fetch` what it was; and who does want
 * every `fetch` pinned says so, with undici's `setGlobalDispatcher`.
 *
 *     import 'pinned-fetch', use it     fetch ─→ Node's own dispatcher, as before
 *     setGlobalDispatcher(pinned…)      fetch, undici.fetch ─→ the guard
 */

import assert from 'node:assert/strict'
import { it, type TestContext } from 'node:test'
import { leafOf, presented } from '../support/authority.ts'
import { startPlainServer } from '../support/plain-server.ts'
import { startTlsServer } from '../support/tls-server.ts'
import { HOST, partner } from './cast.ts'
import { NOBODYS_PINS } from './changing-policy.ts'
import { inChild } from './child.ts'
import type { Given, Report, Scenario } from './children/own-fetch.ts'

const { root, issuing } = await partner()
const leaf = await leafOf(issuing, [HOST, '127.0.0.1'])

for (const { scenario, title } of [
  { scenario: 'guard alone', title: 'nobody has used fetch before' },
  { scenario: 'fetch first', title: 'fetch was in use before' },
] as const) {
  it(`Node's own fetch stays Node's own when ${title}`, async (t) => {
    const report = await run(t, scenario)
    assert.deepEqual(report.changes, [])
    assert.equal(report.isRerouted, false)
    // Neither knows the policy, which covers no such place.
    assert.deepEqual([report.own, report.npm], [[200], [200]])
  })
}

it('what npm undici made of fetch before us stays as it was, too', async (t) => {
  const report = await run(t, 'undici first')
  assert.deepEqual(report.changes, [])
  assert.equal(report.isRerouted, true)
})

for (const scenario of ['made global', 'made global after use'] as const) {
  it(`setGlobalDispatcher(pinnedDispatcher) pins both fetches (${scenario})`, async (t) => {
    const report = await run(t, scenario)
    for (const outcomes of [report.own, report.npm]) {
      assert.deepEqual(outcomes, ['ERR_HOST_NOT_COVERED', 200, 'ERR_PIN_MISMATCH'])
    }
  })
}

async function run(t: TestContext, scenario: Scenario): Promise<Report> {
  const good = await startTlsServer(presented(leaf, issuing))
  const bad = await startTlsServer(presented(leaf, issuing))
  const plain = await startPlainServer()
  t.after(() => Promise.all([good.close(), bad.close(), plain.close()]))
  const given: Given = {
    scenario,
    ca: root.certificate,
    policy: {
      version: 1,
      hosts: { [HOST]: { pins: NOBODYS_PINS }, [`${HOST}:${good.port}`]: { pins: [leaf.pin, issuing.pin] } },
    },
    urls: { plain: plain.url, good: `https://${HOST}:${good.port}/`, bad: `https://${HOST}:${bad.port}/` },
  }
  const report = await inChild<Report>('own-fetch', given)
  assert.equal(bad.recording.bytes, 0)
  return report
}
