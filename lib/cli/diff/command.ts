/**
 * `pinned-fetch diff <from> <to>`: what it takes.
 */

import type { Define } from '../verb.ts'

const DESCRIPTION = `Says what changes from one policy to another, and what of it would lock you out. Ends with 1 when they differ.
A secret's version stands after "#": secret:prod/pins#AWSPREVIOUS, or the id of a version.`

export const defineDiff: Define = (program, act) => {
  program
    .command('diff')
    .summary('what changes from one policy to another')
    .description(DESCRIPTION)
    .argument('<from>', 'a file, "-", or secret:<name or ARN>[#<version or stage>]')
    .argument('<to>', 'the same')
    .action(act<[string, string, object]>(async () => (await import('./work.ts')).diff))
}
