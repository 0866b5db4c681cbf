/**
 * Every case of x509-limbo and BetterTLS over TLS: `node test/hostile/limbo/run.ts [limbo] [limbo-bettertls]`.
 *
 * The tests beside this file assert the same on every push, of BetterTLS a part. This runs everything, which takes
 * minutes, prints what it came to, and fails when a promise is broken.
 */

import { SUITES, type Suite } from './cases.ts'
import { noFakeTime } from './portion.ts'
import { PROMISES } from './promises.ts'
import { recordRun, summary } from './report.ts'
import { runSuite, unableToRun } from './suite-run.ts'

/** Of a broken promise this many are told. */
const TOLD = 20

const wanted = process.argv.slice(2)
const nameOf = ({ file }: Suite) => file.replace('.json.gz', '')
const unknown = wanted.find((word) => !SUITES.some((suite) => nameOf(suite) === word))
if (unknown !== undefined) throw new Error(`no suite "${unknown}": write ${SUITES.map(nameOf).join(' or ')}`)
if (noFakeTime) console.error(noFakeTime)
for (const suite of SUITES) {
  if (wanted.length > 0 && !wanted.includes(nameOf(suite))) continue
  const missing = unableToRun(suite)
  if (missing) console.error(missing)
  else await runAndTell(suite)
}

async function runAndTell(suite: Suite): Promise<void> {
  const began = performance.now()
  const run = await runSuite(suite)
  console.log(summary(run))
  console.log(`  in ${Math.round((performance.now() - began) / 1000)} s`)
  for (const { sentence, broken } of PROMISES) {
    const breaches = broken(run.outcomes)
    if (breaches.length === 0) continue
    process.exitCode = 1
    console.error(`BROKEN, ${breaches.length} times: ${sentence}`)
    for (const breach of breaches.slice(0, TOLD)) console.error(`  ${breach}`)
  }
  await recordRun(run)
}
