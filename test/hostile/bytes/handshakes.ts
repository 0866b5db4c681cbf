/**
 * Broken certificates in handshakes, each suite in a process of its own, so that a crash is seen as one.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inChild } from '../../attacks/child.ts'
import type { Report as ChainsReport } from './children/broken-chains.ts'
import type { Report as RawReport } from './children/raw-handshakes.ts'
import type { Report as KeysReport } from './children/strange-keys.ts'
import { runs, type Tally } from './runs.ts'

const RAW_RUNS = 400

const CHAIN_RUNS = 120

/** As a child of the attack tests, which look beside themselves. */
const inOwnChild = <Report>(name: string, given: unknown) =>
  inChild<Report>(`../../hostile/bytes/children/${name}`, given)

/** Many runs are cut into several children, each with a seed of its own: no child may run for ever. */
function batches(usual: number): { readonly numRuns: number; readonly seed?: number }[] {
  const { numRuns = usual, seed } = runs(usual)
  return Array.from({ length: Math.ceil(numRuns / usual) }, (_, index) => ({
    numRuns: Math.min(usual, numRuns - index * usual),
    ...(seed === undefined ? {} : { seed: seed + index }),
  }))
}

export function describeHandshakes(tally: Tally): void {
  describe('a handshake with a broken certificate', () => {
    it('made by hand is an error of the call, and nothing else', async () => {
      const codes = new Set<string>()
      for (const parameters of batches(RAW_RUNS)) {
        const report = await inOwnChild<RawReport>('raw-handshakes', parameters)
        tally.add('handshakes by hand', report.cases)
        assert.equal(report.cases, parameters.numRuns)
        for (const code of Object.keys(report.codes)) codes.add(code)
      }
      assert.ok(codes.size > 3, [...codes].join())
    })

    it('that OpenSSL reads brings no wrong key through, and ends no process', async () => {
      for (const parameters of batches(CHAIN_RUNS)) {
        const report = await inOwnChild<ChainsReport>('broken-chains', parameters)
        tally.add('broken chains over TLS', report.cases - report.notServed)
        assert.ok(report.answered > report.cases / 8, JSON.stringify(report))
        assert.ok(report.notServed < report.cases / 2, JSON.stringify(report))
      }
    })

    it('whose key can’t be decoded vouches for nothing, harms nothing beside it, and ends no process', async () => {
      const { outcomes } = await inOwnChild<KeysReport>('strange-keys', {})
      for (const [what, { beside, alone }] of Object.entries(outcomes)) {
        tally.add('calls past a strange key', beside.length + alone.length + 1)
        assert.deepEqual([...new Set(beside)], ['accepted'], what)
        assert.ok(!alone.includes('accepted'), `${what}: ${alone.join()}`)
      }
      assert.ok(Object.keys(outcomes).length > 20)
    })
  })
}
