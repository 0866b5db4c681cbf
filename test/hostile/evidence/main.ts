/**
 * Makes docs/evidence.md: `npm run evidence [-- name …]`, names as in suites.ts; without one, all of them.
 *
 * The page and its data are written after each suite, so that a run that is broken off keeps what it has. `--render` runs
 * nothing and only makes the page of the data, `--list` tells the names. Ends with 1 when a suite told nothing or failed.
 */

import { readEvidence, renewed, writeEvidence } from './evidence.ts'
import { runSuite } from './run-suite.ts'
import { type EvidenceSuite, SUITES } from './suites.ts'

async function main(given: readonly string[]): Promise<number> {
  if (given.includes('--list')) return list()
  if (given.includes('--render')) {
    await writeEvidence(await readEvidence())
    return 0
  }
  const strange = given.filter((name) => !SUITES.some((suite) => suite.name === name))
  if (strange.length > 0) {
    console.error(
      `There is no suite "${strange.join('", "')}". There are: ${SUITES.map(({ name }) => name).join(', ')}`,
    )
    return 2
  }
  const wanted = SUITES.filter(({ name }) => given.length === 0 || given.includes(name))
  const complaints: string[] = []
  for (const suite of wanted) complaints.push(...(await renew(suite)))
  for (const complaint of complaints) console.error(`!! ${complaint}`)
  return complaints.length === 0 ? 0 : 1
}

/** Runs one and writes what it told. Returns what is wrong. */
async function renew(suite: EvidenceSuite): Promise<string[]> {
  const { name, minutes } = suite
  console.log(`\n== ${name} (about ${minutes} min)`)
  const run = await runSuite(suite)
  await writeEvidence(renewed(await readEvidence(), name, run))
  if ('reason' in run) return [`NO RESULT of ${name}: ${run.reason}`]
  for (const { result } of run) {
    console.log(`\n${result.suite}: ${result.cases} cases; expected ${result.expected}; got ${result.got}`)
  }
  const failures = new Set(run.flatMap((entry) => entry.failures))
  return [...failures].map((failure) => `FAILED in ${name}: ${failure}`)
}

function list(): number {
  for (const { name, minutes, needs = 'nothing' } of SUITES) console.log(`${name}: ${minutes} min, needs ${needs}`)
  return 0
}

process.exitCode = await main(process.argv.slice(2))
