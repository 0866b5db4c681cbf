/**
 * The command line as a whole: its verbs, what they share (`--json`), and how each ends.
 *
 * A verb's definition is light and always loaded; its work is imported when it is called, so that `--help` costs
 * neither the SDK nor the policy reader.
 */

import { Command, CommanderError } from 'commander'
import { findPinnedFetchError } from '../errors.ts'
import { defineAdd } from './add/command.ts'
import { defineAudit } from './audit/command.ts'
import { defineBackupKey } from './backup-key/command.ts'
import { defineCheck } from './check/command.ts'
import { defineDeny } from './deny/command.ts'
import { defineDiff } from './diff/command.ts'
import { defineDoctor } from './doctor/command.ts'
import { defineExplain } from './explain/command.ts'
import { defineExport } from './export/command.ts'
import { CommandError, EXIT, type ExitCode } from './failure.ts'
import { defineHistory } from './history/command.ts'
import { defineInit } from './init/command.ts'
import { defineLint } from './lint/command.ts'
import { definePin } from './pin/command.ts'
import { definePull } from './pull/command.ts'
import { definePush } from './push/command.ts'
import { defineRemove } from './remove/command.ts'
import { defineReplay } from './replay/command.ts'
import { defineRollback } from './rollback/command.ts'
import { defineRotate } from './rotate/command.ts'
import { defineSign } from './sign/command.ts'
import type { Act, Define } from './verb.ts'
import { defineVerify } from './verify/command.ts'
import { Voice } from './voice.ts'
import type { World } from './world.ts'

const VERBS: readonly Define[] = [
  definePin,
  defineBackupKey,
  defineInit,
  defineAdd,
  defineRemove,
  defineDeny,
  defineLint,
  defineExplain,
  defineCheck,
  defineReplay,
  defineDiff,
  definePush,
  definePull,
  defineHistory,
  defineRollback,
  defineRotate,
  defineSign,
  defineVerify,
  defineDoctor,
  defineAudit,
  defineExport,
]

const EXIT_CODES = `
Exit codes: 0 done; 1 done, with findings; 2 wrong command line; 3 could not be done; 4 refused because it would hurt.
Results go to stdout, everything else to stderr.`

/** Runs one command line. Never throws. @param argv without Node and the script */
export async function run(argv: readonly string[], world: World): Promise<number> {
  let exitCode: ExitCode = EXIT.ok
  const act: Act =
    (load) =>
    async (...parameters) => {
      const command = parameters.pop() as Command
      const { json = false } = command.optsWithGlobals<{ json?: boolean }>()
      const work = await load()
      exitCode = await work({ world, voice: new Voice(world, json) }, ...(parameters as never))
    }
  try {
    await programOf(world, act).parseAsync(argv, { from: 'user' })
    return exitCode
  } catch (error) {
    return tell(error, world)
  }
}

function programOf(world: World, act: Act): Command {
  const program = new Command('pinned-fetch')
    .description('Certificate pins: make, check, rotate and withdraw them.')
    .option('--json', 'the result as JSON')
    .addHelpText('after', EXIT_CODES)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => world.stdout.write(text),
      writeErr: (text) => world.stderr.write(text),
      getOutHelpWidth: () => world.stdout.columns ?? 100,
      getErrHelpWidth: () => world.stderr.columns ?? 100,
    })
    .showHelpAfterError('hint: pinned-fetch <verb> --help shows what a verb takes')
  for (const define of VERBS) define(program, act)
  return program
}

/** Says why a command ended, with the repair. */
function tell(error: unknown, { stderr }: World): ExitCode {
  // Commander has said it already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
  if (error instanceof CommandError) {
    stderr.write(`error: ${error.message}\nhint: ${error.hint}\n`)
    return error.exitCode
  }
  const ours = findPinnedFetchError(error)
  if (ours !== undefined) {
    // Its message ends in a hint of its own.
    stderr.write(`error: ${ours.message} (${ours.code})\n`)
    return EXIT.failed
  }
  stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`)
  if (error instanceof Error && error.stack !== undefined)
    stderr.write(`this is a fault of pinned-fetch\n${error.stack}\n`)
  return EXIT.failed
}
