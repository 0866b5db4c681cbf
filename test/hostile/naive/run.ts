/**
 * The tutorial guard beside ours, on the same attack tests: `node test/hostile/naive/run.ts [--write] [--tutorial-only]`.
 *
 * Prints how many attacks each lets through, row by row. `--write` makes failures.json of what the tutorial guard did,
 * the list to which naive.test.ts holds it.
 */

import { writeFile } from 'node:fs/promises'
import { recordResult } from '../suite-result.ts'
import { CAUSES, CAUSES_OF_REFUSALS } from './by-hand.ts'
import { type Comparison, comparisonOf, type Finding, rowOf } from './comparison.ts'
import { play } from './play.ts'
import { judged } from './verdict.ts'

const FAILURES = new URL('failures.json', import.meta.url)

const given = process.argv.slice(2)
const tutorial = comparisonOf(judged(await play({ guard: 'tutorial' })))
const ours = given.includes('--tutorial-only') ? undefined : await failedOfOurs()
print(tutorial, ours)
if (given.includes('--write')) await writeFile(FAILURES, `${JSON.stringify(tutorial, null, 2)}\n`)
await record(tutorial, ours)
if (tutorial.unclear.length > 0 || (ours ?? []).length > 0) process.exitCode = 1

/** Tests of the same files that our own guard fails. */
async function failedOfOurs(): Promise<readonly string[]> {
  const tests = await play({ guard: 'pinned-fetch' })
  const ended = tests.filter(({ phase }) => phase === 'ended')
  const died = tests.length - 2 * ended.length
  const failed = ended.filter(({ failure }) => failure !== undefined).map(({ file, name }) => `${file}: ${name}`)
  return died === 0 ? failed : [...failed, `${died} tests that ended their process`]
}

function print(comparison: Comparison, failed: readonly string[] | undefined): void {
  const { letThrough, endedTheProcess, wronglyRefused, unclear } = comparison
  for (const [title, findings] of Object.entries({ letThrough, endedTheProcess, wronglyRefused, unclear })) {
    console.log(`\n${title}`)
    for (const { file, title: attack, ways, what } of findings) {
      console.log(`  row ${rowOf(file)}: ${attack}\n    ${ways}: ${what}`)
    }
  }
  console.log(`\n${summary(comparison)}`)
  if (failed !== undefined) console.log(`pinned-fetch fails ${failed.length} tests of the same files`)
  for (const one of failed ?? []) console.log(`  ${one}`)
}

function summary({ attacks, letThrough, endedTheProcess, goodCalls, wronglyRefused }: Comparison): string {
  const rows = new Set(letThrough.map(({ file }) => rowOf(file))).size
  const ended = endedTheProcess.length === 0 ? '' : `, ${endedTheProcess.length} ended its process`
  return (
    `the tutorial guard let ${letThrough.length} of ${attacks} attacks through, in ${rows} rows${ended}, ` +
    `and refused ${wronglyRefused.length} of ${goodCalls} good calls`
  )
}

async function record(comparison: Comparison, failed: readonly string[] | undefined): Promise<void> {
  const { attacks, letThrough, endedTheProcess, goodCalls, wronglyRefused } = comparison
  const diverging = (findings: readonly Finding[], became: string, causes = CAUSES) =>
    findings.map(({ file, title, ways, what }) => ({
      case: `row ${rowOf(file)}: ${title}`,
      expected: causes === CAUSES ? 'refused' : 'answered',
      got: `${became}, ${ways}: ${what}`,
      reason: causes[rowOf(file)] ?? 'see the test',
    }))
  await recordResult({
    suite: 'tutorial guard',
    source: "test/attacks, against Node's documented checkServerIdentity sample",
    command: 'node test/hostile/naive/run.ts',
    cases: attacks + goodCalls,
    expected: `${attacks} attacks refused, ${goodCalls} calls answered`,
    got: `${summary(comparison)}${failed === undefined ? '' : `; pinned-fetch: ${failed.length} of either`}`,
    divergences: [
      ...diverging(letThrough, 'let through'),
      ...diverging(endedTheProcess, 'ended'),
      ...diverging(wronglyRefused, 'wrongly refused', CAUSES_OF_REFUSALS),
    ],
  })
}
