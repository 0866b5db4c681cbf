/**
 * The options of every verb that edits a policy. Light, since a verb's definition imports it.
 */

import type { Command } from 'commander'

export function addEditOptions(command: Command): Command {
  return command
    .option('--yes', 'into a secret: do not ask; without a terminal nothing is put there unless this says so')
    .option('--dry-run', 'only show what would change')
    .option('--force', 'do it although it would hurt')
}
