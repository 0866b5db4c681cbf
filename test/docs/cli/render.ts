/**
 * docs/cli.md: every verb, its arguments and options out of commander's definitions, its exit codes, and one exchange of
 * its transcript.
 */

import type { Argument, Command, Option } from 'commander'
import { definitions, formsOf } from './definitions.ts'
import { exampleOf } from './example.ts'
import { NOTES, type Note, USAGE } from './notes.ts'

export const PAGE = new URL('../../../docs/cli.md', import.meta.url)

export async function render(): Promise<string> {
  const verbs = await definitions()
  const sections = verbs.map((verb) => {
    const note = NOTES[verb.name()]
    if (note === undefined) throw new Error(`notes.ts says nothing of "${verb.name()}"`)
    return sectionOf(verb, note)
  })
  return `${[HEAD, '# The command line', INTRODUCTION, listOf(verbs), ...sections].join('\n\n')}\n`
}

const HEAD =
  '<!-- Made by `node test/docs/cli/main.ts` out of the definitions of the verbs. Change nothing by hand. -->'

const INTRODUCTION = `What each verb of \`pinned-fetch\` is for, what it takes, how it ends, and one example of each, which a test plays. What to
use when is in the [README](../README.md#the-command-line), and at night in the [runbooks](runbooks/README.md).

- Results go to standard output, everything else to standard error; the examples show both, as a terminal does. In them
  \`…\` stands for a part of a line and \`...\` for lines that are left out.
- \`--json\`, before or after the verb, makes the result one JSON value. \`--help\` after a verb shows what it takes.
- A policy is a file, \`-\` for standard input, or \`secret:<name or ARN>\`; \`#\` and a stage or the beginning of a version's id
  choose a version of a secret, else it is AWSCURRENT.
- What writes to a secret shows what would change and asks, on a terminal; without one, nothing is written unless \`--yes\`
  says so.
- Region, credentials and endpoint of AWS come from where the AWS SDK finds them. Colour is left out when \`NO_COLOR\` is set.

| exit code | meaning |
| --- | --- |
| 0 | done |
| 1 | done, and the answer is bad news: a finding, a difference, a host that would be refused, a dry run |
| 2 | ${USAGE} |
| 3 | it could not be done: the network, AWS, a file |
| 4 | it was refused because it would hurt |`

function listOf(verbs: readonly Command[]): string {
  return table(
    ['verb', 'what it does'],
    verbs.map((verb) => [`[\`${verb.name()}\`](#${verb.name()})`, inline(verb.summary())]),
  )
}

function sectionOf(verb: Command, note: Note): string {
  const forms = formsOf(verb)
  const hasSteps = verb.commands.length > 0
  return [
    `## ${verb.name()}`,
    hasSteps ? `\`\`\`text\n${verb.description()}\n\`\`\`` : prose(verb.description()),
    ...forms.map((form) => formOf(form, hasSteps)),
    hasSteps ? '### How it ends' : undefined,
    exitTable(note),
    exampleText(note),
  ]
    .filter((part) => part !== undefined && part !== '')
    .join('\n\n')
}

/** A verb, or one step of it. */
function formOf(form: Command, isStep: boolean): string {
  const name = isStep ? `${form.parent?.name()} ${form.name()}` : form.name()
  const usage = [
    'pinned-fetch',
    name,
    ...form.registeredArguments.map(usageOf),
    form.options.length > 0 ? '[options]' : '',
  ]
  return [
    isStep ? `### ${name}` : '',
    isStep ? prose(form.description()) : '',
    `\`\`\`sh\n${usage.filter(Boolean).join(' ')}\n\`\`\``,
    rowsOf('argument', form.registeredArguments.map(argumentRow)),
    rowsOf('option', form.options.filter(({ hidden }) => !hidden).map(optionRow)),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

function usageOf(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`
  return argument.required ? `<${name}>` : `[${name}]`
}

function argumentRow(argument: Argument): string[] {
  return [
    `\`${usageOf(argument)}\``,
    withDefault(argument.description, argument.defaultValue, argument.defaultValueDescription),
  ]
}

function optionRow(option: Option): string[] {
  const choices = option.argChoices === undefined ? '' : `: ${option.argChoices.join(', ')}`
  const required = option.mandatory ? '; required' : ''
  // `--no-x` alone is true by default, which says nothing.
  const defaultValue = option.negate || option.isBoolean() ? undefined : option.defaultValue
  return [
    `\`${option.flags}\``,
    withDefault(`${option.description}${choices}${required}`, defaultValue, option.defaultValueDescription),
  ]
}

function withDefault(description: string, value: unknown, words: string | undefined): string {
  const text = inline(description)
  if (words !== undefined) return `${text} (unset: ${words})`
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return text
  return `${text} (unset: \`${String(value)}\`)`
}

function exitTable({ exits }: Note): string {
  const rows = Object.entries({ ...exits, 2: USAGE }).map(([code, meaning]) => [code, meaning])
  return table(['ends with', 'when'], rows)
}

function exampleText({ example }: Note): string {
  const { command, printed, exitCode } = exampleOf(...example)
  const end = exitCode === 0 ? '' : `\n\nIt ends with ${exitCode}.`
  return `\`\`\`console\n$ ${command}\n${printed}\n\`\`\`${end}`
}

function rowsOf(head: string, rows: readonly string[][]): string {
  return rows.length === 0 ? '' : table([head, 'meaning'], rows)
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map(cell).join(' | ')} |`).join('\n')

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ')

/** Paragraphs stay; lines that were broken for a terminal do not. */
const prose = (text: string) => text.split('\n\n').map(inline).join('\n\n')

/** On one line; `<name>` and `*` are no markup, quoted words may stay as they are. */
const inline = (text: string) => text.replaceAll(/\s+/g, ' ').replaceAll(/[*_<>[\]]/g, '\\$&')
