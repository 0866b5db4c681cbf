/**
 * A diagnosis for people: a line for each check, what to do below it, and the cause at the end.
 */

import type { Voice } from '../voice.ts'
import type { Diagnosis, NamedFinding } from './diagnosis.ts'
import type { State } from './finding.ts'

const STYLE = { ok: 'green', warn: 'yellow', fail: 'red', skip: 'dim' } as const satisfies Record<State, string>
const STATE_WIDTH = 6
const NAME_WIDTH = 12

export function textOf({ findings, cause }: Diagnosis, voice: Voice): string {
  const margin = ' '.repeat(STATE_WIDTH + NAME_WIDTH)
  const lines = findings.flatMap((finding) => {
    const { state, check, text, todo, aside } = finding
    const [first = '', ...more] = text.split('\n')
    const head = `${voice.style(STYLE[state], state)}${' '.repeat(STATE_WIDTH - state.length)}${check.padEnd(NAME_WIDTH)}`
    return [
      `${head}${first}`,
      ...more.map((line) => `${margin}${line}`),
      ...(aside === undefined ? [] : [`${margin}${aside}`]),
      ...(todo === undefined ? [] : [`${margin}-> ${todo}`]),
    ]
  })
  return [...lines, '', summaryOf(findings, cause)].join('\n')
}

function summaryOf(findings: readonly NamedFinding[], cause: NamedFinding | undefined): string {
  if (cause !== undefined) return `cause: ${cause.check}: ${cause.text.split('\n', 1)[0]}`
  const warnings = findings.filter(({ state }) => state === 'warn').length
  const rest = warnings === 0 ? '' : `; ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`
  return `no fault found${rest}`
}
