/** The other half of capture.ts: runs when undici has been evaluated. */

import { restoreGlobalDispatcher } from './capture.ts'

restoreGlobalDispatcher()
