/** What a run of a suite came to, in counted words, and as a row of the table of docs/evidence.md. */

import { recordResult, type SuiteResult } from '../suite-result.ts'
import { notTried } from './cases.ts'
import { counted } from './counted.ts'
import { knownDivergences } from './divergences.ts'
import { resultOf, stricterThanNode } from './promises.ts'
import type { SuiteRun } from './suite-run.ts'

const COMMAND = 'npm run test:limbo'

export function resultOfRun({ suite, outcomes, withoutClock }: SuiteRun): SuiteResult {
  const known = knownDivergences('guard')
  const results = outcomes.map(resultOf)
  const nodeAlone = outcomes.map(({ nodeAlone }) => (nodeAlone.accepted ? 'accepted' : 'refused'))
  return {
    suite: suite.name,
    source: suite.source,
    command: `${COMMAND} -- ${suite.file.replace('.json.gz', '')}`,
    cases: outcomes.length,
    expected: counted(outcomes.map(({ expected }) => expected)),
    got: `${counted(results)} (Node alone: ${counted(nodeAlone)})`,
    divergences: outcomes.flatMap((outcome) => {
      const { id, expected } = outcome
      const got = resultOf(outcome)
      return expected === got ? [] : [{ case: id, expected, got, reason: known.get(id)?.reason ?? 'not listed' }]
    }),
    notTried: [
      ...notTried(suite),
      ...(withoutClock === 0 ? [] : [{ cases: withoutClock, reason: 'libfaketime is missing on this machine' }]),
    ],
  }
}

export async function recordRun(run: SuiteRun): Promise<void> {
  await recordResult(resultOfRun(run))
}

/** For people: one paragraph. */
export function summary(run: SuiteRun): string {
  const { suite, cases, expected, got, divergences, notTried = [] } = resultOfRun(run)
  return [
    `${suite}: ${cases} cases served`,
    `  expected  ${expected}`,
    `  got       ${got}`,
    `  stricter than Node alone: ${stricterThanNode(run.outcomes).length}`,
    `  otherwise than expected, each listed with a reason: ${divergences.length}`,
    ...notTried.map(({ cases, reason }) => `  not tried: ${cases}, ${reason}`),
  ].join('\n')
}
