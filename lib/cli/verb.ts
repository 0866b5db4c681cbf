/**
 * What a verb of the command line is: a definition, always loaded, and its work, loaded when it is called.
 */

import type { Command } from 'commander'
import type { ExitCode } from './failure.ts'
import type { Voice } from './voice.ts'
import type { World } from './world.ts'

/** What a verb's work is given beside its own arguments. */
export interface Context {
  readonly world: World
  readonly voice: Voice
}

/** Ends with the exit code. Whatever it throws is told by `run` (program.ts). */
export type Work<Parameters extends readonly unknown[]> = (
  context: Context,
  ...parameters: Parameters
) => Promise<ExitCode>

/** Adds a verb to the program. `act` makes an action of the verb's work. */
export type Define = (program: Command, act: Act) => void

/** Commander passes the verb's arguments, then its options. */
export type Act = <Parameters extends readonly unknown[]>(
  load: () => Promise<Work<Parameters>>,
) => (...parameters: [...Parameters, Command]) => Promise<void>
