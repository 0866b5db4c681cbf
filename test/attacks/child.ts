/**
 * Runs a script in a process of its own, for what only shows there: the environment Node starts with, an exception that
 * nobody caught, the process's own `fetch`.
 */

import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'

/** A child that takes longer hangs, and is ended, ms. */
const LIMIT_MS = 60_000

/**
 * Starts `children/<name>.ts` with one parameter, read with {@link parameter}, and returns what it reported.
 *
 * @throws when it ends in any other way than by itself and well
 */
export async function inChild<Report>(
  name: string,
  given: unknown,
  environment: NodeJS.ProcessEnv = {},
): Promise<Report> {
  const script = new URL(`children/${name}.ts`, import.meta.url)
  const child = spawn(process.execPath, [script.pathname, JSON.stringify(given)], {
    env: { ...process.env, ...environment },
    timeout: LIMIT_MS,
  })
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const [output, complaints, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  if (code !== 0) throw new Error(`${name} ended with ${code}:\n${output}\n${complaints}`)
  return JSON.parse(output.split('\n').at(-1) ?? '')
}

/** In the child: what it was given. */
export function parameter<Given>(): Given {
  return JSON.parse(process.argv[2] ?? '')
}

/** In the child: tells the parent on a line of its own, the last, and ends, whatever is still open. */
export function report(value: unknown): void {
  process.stdout.write(`\n${JSON.stringify(value)}`, () => process.exit())
}
