/**
 * Plays the rows of one table in this process: first, when asked, all that can be there before pinned-fetch is imported,
 * together; else one after the other.
 */

import { parameter, report } from '../../../attacks/child.ts'
import { type Finding, type Material, type Row, USUAL_MOMENTS } from '../rows.ts'
import { TABLES, type TableName } from '../tables.ts'

export interface Given {
  readonly table: TableName
  readonly isFirst: boolean
  readonly material: Material
}

const { table, isFirst, material } = parameter<Given>()
const rows = TABLES[table].map((row) => ({ moments: USUAL_MOMENTS, ...row }))
const findings: Finding[] = []
if (isFirst) {
  for (const row of rows) if (row.moments.includes('before the import')) await row.twist(material, undefined)
  const { play } = await import('../play.ts')
  const together: Row = { name: `all of "${table}"`, twist: () => () => undefined }
  findings.push(await play(together, 'before the import', material))
} else {
  const { play } = await import('../play.ts')
  for (const row of rows) {
    for (const moment of row.moments) {
      if (moment !== 'before the import') findings.push(await play(row, moment, material))
    }
  }
}
report(findings)
