/** The process that is measured: imports one file and prints how long that took, in ms, as the last line. */

import { pathToFileURL } from 'node:url'

// Lambda's runtime client has these loaded before it looks for a handler. Not by an import, which costs more (lib/README.md).
const { writeSync } = process.getBuiltinModule('node:fs')
process.getBuiltinModule('node:http')

const file = pathToFileURL(process.argv[2] ?? '').href
const startedAt = performance.now()
await import(file)
const took = performance.now() - startedAt
writeSync(1, String(took))
process.exit()
