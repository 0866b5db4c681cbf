/**
 * Makes docs/cli.md: `node --conditions=@pinned-fetch/source test/docs/cli/main.ts`.
 */

import { writeFileSync } from 'node:fs'
import { PAGE, render } from './render.ts'

writeFileSync(PAGE, await render())
