/**
 * docs/evidence.md: one table of all suites, and below it for each its divergences with their reasons, what was not
 * tried, and where it was run.
 */

import type { Divergence } from '../suite-result.ts'
import type { Entry, Evidence, Missing } from './evidence.ts'
import type { EvidenceSuite } from './suites.ts'

/** Of divergences with one reason so many are named; all of them are in the data. */
const NAMED = 12

export function render({ entries, missing }: Evidence, suites: readonly EvidenceSuite[]): string {
  return `${[
    '<!-- Made by `npm run evidence` out of evidence.json. Change neither by hand. -->',
    '# Evidence',
    INTRODUCTION,
    tableOf(entries),
    ...missing.map(told),
    '## How to repeat it',
    REPETITION,
    suiteTable(suites),
    ...entries.map(sectionOf),
  ].join('\n\n')}\n`
}

const INTRODUCTION = `What was tried on the guard, by whom it was made, and what came of it. A divergence is a case that
came out otherwise than its authors say it should; each has its reason below. The numbers are those of the last run of
each suite.`

const REPETITION = `\`npm run evidence\` runs everything and makes this page anew. \`npm run evidence -- <name> …\` runs
the named suites and keeps the other rows. Minutes are rough, on two cores.`

const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]) =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map(cell).join(' | ')} |`).join('\n')

const cell = (text: string | number) => String(text).replaceAll('|', '\\|').replaceAll(/\s+/g, ' ')

function tableOf(entries: readonly Entry[]): string {
  const head = ['suite', 'material from', 'cases tried', 'expected', 'got', 'divergences', 'command']
  return table(
    head,
    entries.map(({ result, failures }) => [
      `[${result.suite}](#${anchorOf(result.suite)})`,
      result.source,
      result.cases,
      result.expected,
      failures.length === 0 ? result.got : `${result.got} — **${failures.length} tests of the run failed**`,
      result.divergences.length,
      code(result.command),
    ]),
  )
}

function told({ ranBy, origin, reason }: Missing): string {
  return `**No result of "${ranBy}" on ${origin.date}: ${inline(reason)}.** What stands here of it is from an earlier run.`
}

function suiteTable(suites: readonly EvidenceSuite[]): string {
  const rows = suites.map(({ name, needs = 'nothing', minutes }) => [code(name), needs, minutes])
  return table(['name', 'needs beside the project', 'minutes'], rows)
}

function sectionOf({ result, origin, parts = [], failures }: Entry): string {
  const { suite, source, command, cases, expected, got, divergences, notTried = [] } = result
  const section = [
    `## ${suite}`,
    `Material: ${inline(source)}. Run on ${origin.date} with Node ${origin.node} and OpenSSL ${origin.openssl}, by
${code(command)}.`,
    `${cases} cases. Expected: ${inline(expected)}. Got: ${inline(got)}.`,
  ]
  if (failures.length > 0) section.push(`**Failed in this run:**\n\n${listOf(failures)}`)
  if (parts.length > 0)
    section.push(
      table(
        ['part', 'cases'],
        parts.map(({ part, cases }) => [part, cases]),
      ),
    )
  section.push(divergences.length === 0 ? 'No divergences.' : divergencesOf(divergences))
  if (notTried.length > 0) {
    section.push(`Not tried:\n\n${listOf(notTried.map(({ cases, reason }) => `${cases} cases: ${inline(reason)}`))}`)
  }
  return section.join('\n\n')
}

/** Those that share a reason stand together. */
function divergencesOf(divergences: readonly Divergence[]): string {
  const groups = Map.groupBy(divergences, ({ reason, expected }) => `${expected}\n${reason}`)
  const items = Array.from(groups.values(), (group) => {
    const { expected = '', reason = '' } = group[0] ?? {}
    const cases = group.slice(0, NAMED).map((one) => `  - ${inline(one.case)}: ${inline(one.got)}`)
    const others = group.length > NAMED ? [`  - and ${group.length - NAMED} more, in evidence.json`] : []
    const head = `${group.length} that should be ${inline(expected)}, because: ${inline(reason)}`
    return [`- ${head}`, ...cases, ...others].join('\n')
  })
  return `Divergences:\n\n${items.join('\n')}`
}

const listOf = (items: readonly string[]) => items.map((item) => `- ${inline(item)}`).join('\n')

const code = (text: string) => `\`${text}\``

/** On one line, and nothing in it is markup. */
const inline = (text: string) => text.replaceAll(/\s+/g, ' ').replaceAll(/[*_<>[\]]/g, '\\$&')

/** As GitHub makes it of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} -]/gu, '')
    .replaceAll(' ', '-')
}
