/**
 * Plays the tests of test/attacks against a guard, by Node's own test runner, and reads what was noted.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { GUARD_VARIABLE, type PlayedGuard } from './kit/hook.ts'
import { PLAYS_VARIABLE, type PlayedTest } from './kit/plays.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const HOOK = new URL('kit/hook.ts', import.meta.url).href

/**
 * Rows that say what becomes of calls. Not played: 15, 17 and 28 to 30, on changes of a policy during a call, queues,
 * dates, sources and reports; 25, on proxies; and of 27 all but the certificate: the guard has none of these.
 */
const PLAYED = /^(0\d|1[0-4]|16|18|19|2[0-4]|26|27-certificate).*\.test\.ts$/

/** Ends the process that it is played in. */
const DEADLY = /^27-/

const SHORT = "--test-skip-pattern=/TLSv1\\.2|pinnedFetch|Node's own fetch|npm undici's fetch/"

export interface PlayOptions {
  readonly guard: PlayedGuard
  /** By TLS 1.3, and one surface each of undici and of Node: fetch is undici's Agent once more. Unset: by every way. */
  readonly isShort?: boolean
}

export async function play({ guard, isShort = false }: PlayOptions): Promise<PlayedTest[]> {
  const directory = await mkdtemp(join(tmpdir(), 'pinned-fetch-plays-'))
  const notes = join(directory, 'plays')
  try {
    const files = (await readdir(join(ROOT, 'test/attacks'))).filter((file) => PLAYED.test(file)).sort()
    const [deadly, others] = [files.filter((file) => DEADLY.test(file)), files.filter((file) => !DEADLY.test(file))]
    const skipping = isShort ? [SHORT] : []
    const env = environment({ [PLAYS_VARIABLE]: notes, [GUARD_VARIABLE]: guard })
    await Promise.all([deadly, others].map((group) => runTogether([...skipping, ...group.map(pathOf)], env)))
    const lines = (await readFile(notes, 'utf8')).split('\n').filter((line) => line !== '')
    return lines.map((line) => JSON.parse(line) as PlayedTest)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** In one process: most of the time of a file by itself goes into starting. */
async function runTogether(parameters: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  // Its later name, --test-isolation, is unknown to Node 22.
  const runner = ['--test', '--experimental-test-isolation=none', '--test-reporter=dot', ...parameters]
  await once(spawn(process.execPath, runner, { cwd: ROOT, stdio: 'ignore', env }), 'close')
}

const pathOf = (file: string) => `test/attacks/${file}`

/** Also for the processes that tests start. */
function environment(added: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  // A runner that is told that it is another runner's child does nothing.
  const { NODE_TEST_CONTEXT: _, NODE_OPTIONS = '', ...inherited } = process.env
  return { ...inherited, ...added, NODE_OPTIONS: `${NODE_OPTIONS} --import=${HOOK}`.trim() }
}
