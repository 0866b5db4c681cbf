/** `lookupLoopback` of the test kit, for tables of rows, which import nothing of pinned-fetch. */

import type { LookupFunction } from 'node:net'

/** Every name is this machine. */
export const lookupLoopback: LookupFunction = (_host, options, callback) => {
  if (options.all) callback(null, [{ address: '127.0.0.1', family: 4 }])
  else callback(null, '127.0.0.1', 4)
}
