/** The figures as a Markdown table: for the terminal, and for docs/performance.md. */

import { type Figure, formatValue, isMet } from './figure.ts'

export function tableOf(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.group,
    figure.name,
    figure.ours,
    figure.theirs,
    resultOf(figure),
    targetOf(figure),
    wordFor(isMet(figure)),
  ])
  const head = ['', 'figure', 'pinned-fetch', 'beside it', 'median (quartiles)', 'target', 'met']
  // A group is named where it begins.
  const shown = rows.map((row, index) => [row[0] === rows[index - 1]?.[0] ? '' : `**${row[0]}**`, ...row.slice(1)])
  return [head, ['---', '---', '---:', '---:', '---:', '---:', '---'], ...shown]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n')
}

function resultOf({ result, unit }: Figure): string {
  const { median, low, high } = result
  const middle = formatValue(median, unit)
  return low === high ? middle : `${middle} (${formatValue(low, unit)} to ${formatValue(high, unit)})`
}

function targetOf({ target, unit }: Figure): string {
  if (target === undefined) return ''
  return 'most' in target ? `≤ ${formatValue(target.most, unit)}` : `≥ ${formatValue(target.least, unit)}`
}

function wordFor(met: boolean | undefined): string {
  return met === undefined ? '' : met ? 'yes' : '**no**'
}
