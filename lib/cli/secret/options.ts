/**
 * The options that every verb takes which writes to a secret. Light, since a verb's definition imports it.
 */

import type { Command } from 'commander'

export function addWriteOptions(command: Command): Command {
  return command
    .option('--yes', 'do it: without a terminal nothing is written unless this says so')
    .option('--dry-run', 'only show what would be done, on a terminal too')
    .option('--force', 'do it although it would hurt')
}
