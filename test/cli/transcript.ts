/**
 * Plays a transcript: what somebody types, and what the tool answers.
 *
 *     Prose at the margin says what this shows.
 *
 *         $ pinned-fetch lint policy.json < input.json
 *         a line on stdout
 *         2> a line on stderr
 *         [1]
 *
 *     -- policy.json --
 *     { … }
 *
 * Commands and answers are indented by four spaces. `[n]` is the exit code, left out when it is 0. In an answer `…` stands
 * for anything within a line, and a line `...` for any lines. `$NAME` in a command, an answer or a file is a variable of
 * the test. Files follow, each below its name between two dashes (txtar); what a command writes is there for the next.
 *
 * Standard output and standard error are compared apart, each in its order.
 */

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { run } from '../../lib/cli/program.ts'
import type { World } from '../../lib/cli/world.ts'

export interface PlayOptions {
  /** What `$NAME` stands for. */
  readonly variables?: Readonly<Record<string, string>>
  /** The environment of the commands; nothing else is in it. */
  readonly env?: Readonly<Record<string, string>>
  /** Milliseconds since the epoch. Default: the clock's. */
  readonly now?: () => number
  /** Whether somebody sits at a terminal and types what `< file` holds, which the terminal shows. Default: no. */
  readonly terminal?: boolean
  /** Called before each command, with its line as it is played. */
  readonly before?: (command: string) => unknown
}

interface Exchange {
  readonly line: number
  readonly command: string
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
}

/** Plays the transcript; fails with the first answer that is another. */
export async function playTranscript(file: URL, options: PlayOptions = {}): Promise<void> {
  const { variables = {} } = options
  const text = replaceVariables(readFileSync(file, 'utf8'), variables)
  const folder = mkdtempSync(join(tmpdir(), 'pinned-fetch-transcript-'))
  try {
    for (const [name, content] of filesIn(text)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), content)
    }
    const exchanges = exchangesIn(text)
    assert.ok(exchanges.length > 0, `${file.pathname} holds no command`)
    for (const exchange of exchanges) await play(exchange, folder, options)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Runs one command line in a folder. */
export async function runCommand(
  command: string,
  cwd: string,
  { env = {}, now = Date.now, terminal = false }: PlayOptions = {},
): Promise<{ readonly stdout: string; readonly stderr: string; readonly exitCode: number }> {
  const [, line = command, input] = /^(.*?)(?: < (\S+))?$/s.exec(command) ?? []
  const [name, ...argv] = wordsOf(line)
  assert.equal(name, 'pinned-fetch', `only pinned-fetch is played, not "${name}"`)
  const said = { stdout: '', stderr: '' }
  const typed = async function* () {
    if (input === undefined) return
    const bytes = readFileSync(join(cwd, input))
    if (terminal) said.stderr += bytes
    yield bytes
  }
  const isTTY = terminal
  const world: World = {
    stdout: { write: (text) => (said.stdout += text), columns: 100, isTTY },
    stderr: { write: (text) => (said.stderr += text), columns: 100, isTTY },
    stdin: Object.assign(typed(), { isTTY }),
    env,
    cwd,
    now,
  }
  return { exitCode: await run(argv, world), ...said }
}

async function play(exchange: Exchange, folder: string, options: PlayOptions): Promise<void> {
  await options.before?.(exchange.command)
  const said = await runCommand(exchange.command, folder, options)
  const where = `line ${exchange.line}: $ ${exchange.command}`
  const everything = `${said.stdout}${said.stderr}[${said.exitCode}]`
  compare(said.stdout, exchange.stdout, `${where}\nstdout, of all that was said:\n${everything}`)
  // What a command waits for is told after a second, on a busy machine too.
  const talk = said.stderr.replace(/^[\w ]+ …\n/gm, '')
  compare(talk, exchange.stderr, `${where}\nstderr, of all that was said:\n${everything}`)
  assert.equal(said.exitCode, exchange.exitCode, `${where}\nexit code, after:\n${everything}`)
}

function compare(said: string, expected: string, message: string): void {
  if (patternOf(expected).test(said)) return
  assert.equal(said, expected, message)
}

function patternOf(expected: string): RegExp {
  const lines = expected.split('\n').map((line) => (line === '...' ? '(?:.*\n)*?' : `${escaped(line)}\n`))
  return new RegExp(`^${lines.join('').replace(/\n$/, '')}$`)
}

function escaped(line: string): string {
  return line.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('…', '.*')
}

function exchangesIn(text: string): Exchange[] {
  const exchanges: { line: number; command: string; stdout: string; stderr: string; exitCode: number }[] = []
  const [body = ''] = text.split(/^-- \S+ --$/m)
  for (const [index, whole] of body.split('\n').entries()) {
    if (!whole.startsWith('    ')) continue
    const line = whole.slice(4)
    const last = exchanges.at(-1)
    if (line.startsWith('$ ')) {
      exchanges.push({ line: index + 1, command: line.slice(2), stdout: '', stderr: '', exitCode: 0 })
    } else if (last === undefined) continue
    else if (/^\[\d+\]$/.test(line)) last.exitCode = Number(line.slice(1, -1))
    else if (line.startsWith('2>')) last.stderr += `${line.slice(2).replace(/^ /, '')}\n`
    else last.stdout += `${line}\n`
  }
  return exchanges
}

function filesIn(text: string): [string, string][] {
  const parts = text.split(/^-- (\S+) --\n/m).slice(1)
  return Array.from({ length: parts.length / 2 }, (_, index) => [parts[2 * index] ?? '', parts[2 * index + 1] ?? ''])
}

/** Words as a shell would read them: single and double quotes, nothing else. */
function wordsOf(line: string): string[] {
  return Array.from(
    line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g),
    ([, single, double, plain]) => single ?? double ?? plain ?? '',
  )
}

function replaceVariables(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$([A-Z][A-Z0-9_]*)/g, (whole, name: string) => variables[name] ?? whole)
}
