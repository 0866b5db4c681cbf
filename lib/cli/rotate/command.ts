/**
 * `pinned-fetch rotate <step> …`: what each step takes.
 */

import type { Command } from 'commander'
import { addWriteOptions } from '../secret/options.ts'
import type { WriteOptions } from '../secret/review.ts'
import type { Act, Define } from '../verb.ts'
import {
  type ApproveOptions,
  addLookOptions,
  type LookOptions,
  type RetireOptions,
  type WatchOptions,
} from './options.ts'

const DESCRIPTION = `Brings a policy with a new pin into a secret in steps, each of which can be repeated and taken back:
  start     the candidate waits on the stage AWSPENDING; no guard reads it
  check     does every host pass under the candidate?
  promote   the candidate becomes AWSCURRENT
  watch     which hosts serve their new key?
  retire    the old pins go, with the next serial
  abort     takes the rotation back; status says where it is
In the place of start, check and promote, where the secret has a rotation function (aws secretsmanager rotate-secret):
  propose   the candidate waits for approval
  approve   somebody else agrees; the function tests it and promotes it
Where it is stands in the secret alone: a step that was interrupted is run again, from anywhere.`

export const defineRotate: Define = (program, act) => {
  const rotate = program
    .command('rotate')
    .summary('bring a new pin into a secret, in steps that can be taken back')
    .description(DESCRIPTION)
  defineStart(rotate, act)
  defineProposals(rotate, act)
  defineLooks(rotate, act)
  defineEnds(rotate, act)
}

const SECRET = ['<secret>', 'name or ARN'] as const

function defineStart(rotate: Command, act: Act): void {
  const start = rotate
    .command('start')
    .description('Writes a policy as the candidate, on the stage AWSPENDING. Guards go on with AWSCURRENT.')
    .argument(...SECRET)
    .argument('<file>', 'the policy with the new pin beside the old one, or "-"')
  addWriteOptions(start).action(act<[string, string, WriteOptions]>(async () => (await import('./start.ts')).start))
  rotate
    .command('status')
    .description('Says where the rotation is, and what comes next. Looks at no host.')
    .argument(...SECRET)
    .action(act<[string, object]>(async () => (await import('./status.ts')).status))
}

function defineProposals(rotate: Command, act: Act): void {
  const propose = rotate
    .command('propose')
    .description('Writes a policy as the candidate for the rotation function. Nothing reads it before it is approved.')
    .argument(...SECRET)
    .argument('<file>', 'the policy with the new pin beside the old one, or "-"')
  addWriteOptions(propose).action(
    act<[string, string, WriteOptions]>(async () => (await import('./propose.ts')).propose),
  )
  const approve = rotate
    .command('approve')
    .description('Shows what the proposed candidate would change, and lets the rotation function promote it.')
    .argument(...SECRET)
    .option('--expect <version>', 'approve this candidate and no other: the beginning of its version id')
    .option('--check', 'look at every host first; refuse when one fails')
  addWriteOptions(addLookOptions(approve)).action(
    act<[string, ApproveOptions]>(async () => (await import('./approve.ts')).approve),
  )
}

function defineLooks(rotate: Command, act: Act): void {
  const check = rotate
    .command('check')
    .description(
      'Makes a handshake with every host of the candidate, and says which pin matched. Ends with 1 if one fails.',
    )
    .argument(...SECRET)
  addLookOptions(check).action(act<[string, LookOptions]>(async () => (await import('./check.ts')).check))
  const watch = rotate
    .command('watch')
    .description('Says which hosts serve their new key under the current policy. Ends with 1 while one does not.')
    .argument(...SECRET)
    .option('--every <seconds>', 'look again and again, until every host serves its new key')
  addLookOptions(watch).action(act<[string, WatchOptions]>(async () => (await import('./watch.ts')).watch))
}

function defineEnds(rotate: Command, act: Act): void {
  const promote = rotate
    .command('promote')
    .description('Checks, and makes the candidate AWSCURRENT. Refuses when a host fails, or when the secret has moved.')
    .argument(...SECRET)
  addWriteOptions(addLookOptions(promote)).action(
    act<[string, LookOptions & WriteOptions]>(async () => (await import('./promote.ts')).promote),
  )
  const retire = rotate
    .command('retire')
    .description(
      'Takes the old pins out, with the next serial, if every host passes without them; the rotation is over.',
    )
    .argument(...SECRET)
    .argument('[file]', 'the policy without the old pins, where it has to be signed')
    .option('--keep', 'end the rotation and keep every pin')
  addWriteOptions(addLookOptions(retire)).action(
    act<[string, string | undefined, RetireOptions]>(async () => (await import('./retire.ts')).retire),
  )
  const abort = rotate
    .command('abort')
    .description(
      'Takes the rotation back: a candidate goes, or, once it is promoted, the policy of before comes back, unless a host passes now and would fail.',
    )
    .argument(...SECRET)
  addWriteOptions(addLookOptions(abort)).action(
    act<[string, LookOptions & WriteOptions]>(async () => (await import('./abort.ts')).abort),
  )
}
