/**
 * Reads what the documentation test asks of a Markdown page: fenced code blocks, tables, links.
 *
 * Only the forms that our own pages use; a page that needs more is a page to simplify.
 */

export interface Block {
  /** `ts`, `js`, `json`, `text`, `sh`. */
  readonly language: string
  readonly code: string
  /** Of the opening fence, from 1. */
  readonly line: number
  /** The HTML comment on the line above the fence; it says in which situation the block is true. */
  readonly comment: string | undefined
}

/** Every fenced block, in the order of the page. */
export function blocksOf(page: string): readonly Block[] {
  const lines = page.split('\n')
  const blocks: Block[] = []
  for (let start = 0; start < lines.length; start++) {
    const language = /^```(\w*)$/.exec(lines[start] ?? '')?.[1]
    if (language === undefined) continue
    const end = lines.indexOf('```', start + 1)
    if (end === -1) throw new Error(`The block that begins in line ${start + 1} has no end`)
    const comment = /^<!-- (.*) -->$/.exec(lines[start - 1] ?? '')?.[1]
    blocks.push({ language, code: `${lines.slice(start + 1, end).join('\n')}\n`, line: start + 1, comment })
    start = end
  }
  return blocks
}

/** The cells of the first table under a heading, without its head; `code` is freed of its backticks. */
export function tableUnder(page: string, heading: string): readonly (readonly string[])[] {
  const lines = page.split('\n')
  const start = lines.indexOf(heading)
  if (start === -1) throw new Error(`There is no heading "${heading}"`)
  const first = lines.findIndex((line, index) => index > start && line.startsWith('|'))
  const end = lines.findIndex((line, index) => index > first && !line.startsWith('|'))
  return lines.slice(first + 2, end).map(cellsOf)
}

/** Where links of the page to files of this repository point. */
export function fileLinksOf(page: string): readonly string[] {
  const targets = [...page.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map((match) => match[1] ?? '')
  return targets.filter((target) => !/^[a-z]+:/.test(target))
}

function cellsOf(row: string): string[] {
  const cells = row.split(/(?<!\\)\|/).slice(1, -1)
  return cells.map((cell) => cell.trim().replaceAll('\\|', '|'))
}
