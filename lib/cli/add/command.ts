/**
 * `pinned-fetch add <policy> <host>`: what it takes.
 */

import type { Define } from '../verb.ts'
import { addEditOptions } from './options.ts'
import type { AddOptions } from './work.ts'

const DESCRIPTION = `Adds pins to the entry of a host, and the entry if it is not there; or says until when its pin failures are only
reported, and when it ends. What is not touched stays as it is written; a serial rises by one. Refuses what would lock
you out. In a secret it changes what is current, in one step; a signed policy is edited in a file, and signed again.`

export const defineAdd: Define = (program, act) => {
  const command = program
    .command('add')
    .summary('add pins of a host to a policy, or break the glass for it')
    .description(DESCRIPTION)
    .argument('<policy>', 'a file, or secret:<name or ARN>')
    .argument('<host>', 'a host, "*.name" (one label more), "**.name" (it and all below), each with ":port" or without')
    .option('--pin <pin>', 'of any key of the path, sha256/<base64>; may be repeated', collect, [])
    .option('--leaf-pin <pin>', "of the server's own key; may be repeated", collect, [])
    .option('--issuer-pin <pin>', 'of a key above it; may be repeated', collect, [])
    .option('--name <name>', 'what people call the key; for one pin')
    .option('--expires <when>', 'after it the pins match no more: 90d, or an instant like 2027-06-30T00:00:00Z')
    .option(
      '--report-until <when>',
      'break-glass: until then pin failures of this host block nothing; 2h, or an instant; at most 7d',
    )
    .option('--no-report-until', 'take that back: pins block again')
    .option('--entry-expires <when>', 'the entry ends then: 400d, or an instant')
    .option('--no-entry-expires', 'the entry has no end')
  command.addOption(
    command.createOption('--on-expiry <rule>', 'what pin failures do after that end').choices(['enforce', 'report']),
  )
  addEditOptions(command).action(act<[string, string, AddOptions]>(async () => (await import('./work.ts')).add))
}

function collect(value: string, former: readonly string[]): readonly string[] {
  return [...former, value]
}
