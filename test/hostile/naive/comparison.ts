/**
 * The tutorial guard in numbers: which attacks got through by at least one way, which calls it wrongly refused, out of
 * how many. An attack that is played by several surfaces and versions of TLS counts once.
 */

import type { Judged, Verdict } from './verdict.ts'

export interface Finding {
  readonly file: string
  readonly title: string
  /** "8 of 8 ways" */
  readonly ways: string
  readonly what: string
}

export interface Comparison {
  readonly attacks: number
  readonly letThrough: readonly Finding[]
  readonly endedTheProcess: readonly Finding[]
  /** Calls that had to be answered. */
  readonly goodCalls: number
  readonly wronglyRefused: readonly Finding[]
  readonly unclear: readonly Finding[]
}

const ATTACKED: readonly Verdict[] = ['let through', 'ended the process', 'stopped']

export function comparisonOf(judged: readonly Judged[]): Comparison {
  const byTitle = Map.groupBy(judged, ({ file, title }) => `${file} > ${title}`)
  const groups = [...byTitle.values()].sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1))
  const having = (...verdicts: readonly Verdict[]) =>
    groups.filter((group) => group.some(({ verdict }) => verdicts.includes(verdict)))
  const found = (verdict: Verdict) => having(verdict).map((group) => findingIn(group, verdict))
  return {
    attacks: having(...ATTACKED).length,
    letThrough: found('let through'),
    endedTheProcess: found('ended the process'),
    goodCalls: having('answered', 'refused').length,
    wronglyRefused: found('refused'),
    unclear: found('unclear'),
  }
}

function keyOf([first]: readonly Judged[]): string {
  return `${first?.file} > ${first?.title}`
}

function findingIn(group: readonly Judged[], verdict: Verdict): Finding {
  const guilty = group.filter((one) => one.verdict === verdict)
  const { file = '', title = '' } = guilty[0] ?? {}
  const played = group.filter((one) => one.verdict !== 'not applicable')
  return { file, title, ways: `${guilty.length} of ${played.length} ways`, what: inWords(guilty) }
}

/** Numbers of bytes differ with the surface: "134 to 291 bytes of the request arrived". */
function inWords(guilty: readonly Judged[]): string {
  const counts = guilty.flatMap(({ what }) => /^(\d+) bytes/.exec(what)?.[1] ?? []).map(Number)
  const [least, most] = [Math.min(...counts), Math.max(...counts)]
  if (counts.length === 0) return [...new Set(guilty.map(({ what }) => what))].join('; ')
  return `${least === most ? least : `${least} to ${most}`} bytes of the request arrived`
}

/** The row of the table of attacks. */
export function rowOf(file: string): number {
  return Number(/(\d\d)-[^/]*$/.exec(file)?.[1])
}
