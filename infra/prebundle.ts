/**
 * Bundles the product's own functions into `dist/functions`, for the published package: a step of `npm run build`.
 *
 * Without source maps: they would lead to files that the package does not hold.
 */

import { fileURLToPath } from 'node:url'
import { bundleFile } from './bundle-file.ts'
import { OWN_CODE } from './function-code.ts'

const ROOT = new URL('../', import.meta.url)

for (const [name, { entry, file }] of Object.entries(OWN_CODE)) {
  const outfile = fileURLToPath(new URL(`dist/functions/${name}/${file}`, ROOT))
  bundleFile(fileURLToPath(new URL(entry, ROOT)), outfile, { sourceMap: false })
}
