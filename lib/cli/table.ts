/**
 * A table for people: columns as wide as their widest cell, two spaces between them, no lines drawn.
 */

import { stripVTControlCharacters } from 'node:util'

/** @param rows cells may hold colour; it has no width */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, widthOf(cell))
  }
  return rows
    .map((row) =>
      row
        .map((cell, column) => padded(cell, widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function padded(cell: string, width: number): string {
  return cell + ' '.repeat(width - widthOf(cell))
}

function widthOf(cell: string): number {
  return [...stripVTControlCharacters(cell)].length
}
