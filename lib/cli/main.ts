#!/usr/bin/env node
/**
 * The bin `pinned-fetch`. The exit code is set, not forced: what was written is written to the end.
 */

import { run } from './program.ts'
import { PROCESS_WORLD } from './world.ts'

process.exitCode = await run(process.argv.slice(2), PROCESS_WORLD)
