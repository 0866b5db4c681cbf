/**
 * Reads a runbook: its commands in their order, what each prints, and what the comment above it says.
 *
 *     <!-- first: the partner changes its key; ends with 1 -->
 *     ```sh
 *     pinned-fetch check pins.json
 *     ```
 *
 *     ```text
 *     ...
 *     pins.json: 1 accepted, … warning
 *     ```
 *
 * `first:` names what happens before it, `ends with` its exit code, else 0; `not run:` why it is not. The block `text`
 * right below is all that it prints, standard output and standard error as a terminal shows them: `…` stands for
 * anything within a line, a line `...` for any lines.
 */

import { blocksOf } from '../repo/markdown.ts'

export interface Step {
  readonly code: string
  readonly line: number
  readonly first: string | undefined
  readonly exitCode: number
  /** Why it is not run. */
  readonly notRun: string | undefined
  /** Without it, what is printed is not looked at. */
  readonly expected: string | undefined
}

/** What every page has, the first and the last in their places; it may have others. */
export const SECTIONS = [
  'Do this first',
  'How to tell that it worked',
  'How to undo it',
  'Never',
  'Whom to tell',
  'Background',
] as const

export function stepsOf(page: string): readonly Step[] {
  const blocks = blocksOf(page)
  return blocks.flatMap((block, index): Step[] => {
    if (block.language === 'text') {
      if (blocks[index - 1]?.language === 'sh') return []
      throw new Error(`line ${block.line}: this belongs to no command`)
    }
    if (block.language !== 'sh') throw new Error(`line ${block.line}: neither a command nor what it prints`)
    const said = saidOf(block.comment, block.line)
    const next = blocks[index + 1]
    return [
      { ...said, code: block.code, line: block.line, expected: next?.language === 'text' ? next.code : undefined },
    ]
  })
}

function saidOf(comment: string | undefined, line: number): Pick<Step, 'first' | 'exitCode' | 'notRun'> {
  let [first, notRun]: (string | undefined)[] = []
  let exitCode = 0
  for (const part of comment?.split('; ') ?? []) {
    const [, key, value = ''] = /^(first:|not run:|ends with) (.+)$/.exec(part) ?? []
    if (key === 'first:') first = value
    else if (key === 'not run:') notRun = value
    else if (key === 'ends with') exitCode = Number(value)
    else throw new Error(`line ${line - 1}: nobody understands "${part}"`)
  }
  return { first, exitCode, notRun }
}

/** Whether a text is what a page shows of it. */
export function isShownBy(shown: string, said: string): boolean {
  const lines = shown.replace(/\n$/, '').split('\n')
  const patterns = lines.map((line) => (line === '...' ? '(?:.*\n)*?' : `${escaped(line)}\n`))
  return new RegExp(`^${patterns.join('')}$`).test(said)
}

function escaped(line: string): string {
  return line.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('…', '.*')
}

/** The headings of second order, each with its text. */
export function sectionsOf(page: string): ReadonlyMap<string, string> {
  const [, ...parts] = page.split(/^## /m)
  return new Map(parts.map((part) => [part.split('\n', 1)[0] ?? '', part.slice(part.indexOf('\n'))]))
}

/** What stands before the first of them. */
export function openingOf(page: string): string {
  return page.split(/^## /m, 1)[0] ?? ''
}
