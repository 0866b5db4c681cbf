/**
 * `pinned-fetch rollback <secret>`: what it takes.
 */

import { addLookOptions } from '../rotate/options.ts'
import { addWriteOptions } from '../secret/options.ts'
import type { Define } from '../verb.ts'
import type { RollbackOptions } from './work.ts'

const DESCRIPTION = `Goes back to an older version of a secret. Its document is written as a new version with a higher serial, since guards
refuse a serial that falls; where no document has a serial, the stage AWSCURRENT moves back. Looks at every host first,
sends nothing, and refuses where one passes now and would fail.`

export const defineRollback: Define = (program, act) => {
  const command = program
    .command('rollback')
    .summary('go back to an older version of a secret')
    .description(DESCRIPTION)
    .argument('<secret>', 'name or ARN')
    .option('--to <version>', 'a version id, its beginning, or a stage', 'AWSPREVIOUS')
    .option('--expect <version>', 'the version that must be current still')
  addWriteOptions(addLookOptions(command)).action(
    act<[string, RollbackOptions]>(async () => (await import('./work.ts')).rollback),
  )
}
