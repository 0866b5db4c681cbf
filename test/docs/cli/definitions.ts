/**
 * The verbs as they are defined: commander's own objects, in the order in which `pinned-fetch --help` names them. So
 * nothing about them is typed a second time.
 */

import { Command } from 'commander'
import { run } from '../../../lib/cli/program.ts'
import type { Define } from '../../../lib/cli/verb.ts'

/** The definition of each verb, none of which is called. */
export async function definitions(): Promise<readonly Command[]> {
  const program = new Command('pinned-fetch')
  for (const verb of await verbsOfHelp()) {
    const module = await import(new URL(`../../../lib/cli/${verb}/command.ts`, import.meta.url).href)
    const [, define] = Object.entries(module).find(([name]) => name.startsWith('define')) ?? []
    ;(define as Define)(program, () => async () => undefined)
  }
  return program.commands
}

/** The steps of a verb that has some, else itself. */
export function formsOf(verb: Command): readonly Command[] {
  return verb.commands.length === 0 ? [verb] : verb.commands
}

async function verbsOfHelp(): Promise<readonly string[]> {
  let help = ''
  const silent = { write: () => true }
  const stdin = (async function* () {})()
  const stdout = { write: (text: string) => (help += text), columns: 100 }
  await run(['--help'], { stdout, stderr: silent, stdin, env: {}, cwd: '.', now: Date.now })
  const commands = help.slice(help.indexOf('\nCommands:'))
  return [...commands.matchAll(/^ {2}([a-z-]+)/gm)].map(([, verb = '']) => verb).filter((verb) => verb !== 'help')
}
