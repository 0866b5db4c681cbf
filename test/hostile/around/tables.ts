/** Every table of rows, by the name that the results use. */

import { CHANNEL } from './channel-rows.ts'
import { PATCH } from './patch-rows.ts'
import { POLLUTION } from './pollution-rows.ts'
import type { Row } from './rows.ts'
import { UNDICI } from './undici-rows.ts'

export type TableName = 'undici' | 'channels' | 'pollution' | 'patches' | 'nothing'

export const TABLES: Readonly<Record<TableName, readonly Row[]>> = {
  undici: UNDICI,
  channels: CHANNEL,
  pollution: POLLUTION,
  patches: PATCH,
  nothing: [{ name: 'nothing', twist: () => () => undefined, moments: ['before createGuard'] }],
}
