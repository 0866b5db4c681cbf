/**
 * Somebody else's network program, started for a test: a temporary folder of its own, a port of 127.0.0.1, and an end.
 *
 * It is ready when its own log says so. Whatever it wrote, to its files, its output and its complaints, can be searched.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants, rmSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { listen } from '../../support/listen.ts'

export interface Place {
  /** Free a moment ago. */
  readonly port: number
  /** The program's own, and empty but for the files that it is given. */
  readonly directory: string
}

export interface Start {
  readonly command: string
  readonly parameters: (place: Place) => readonly string[]
  /** By path within the folder. */
  readonly files?: (place: Place) => Readonly<Record<string, string>>
  /** What is left to do when the files are there. */
  readonly prepare?: (place: Place) => Promise<void>
  /** What its log says once it listens. A group `port` tells which port it took instead of the given one. */
  readonly ready: RegExp
}

export interface Program extends Place {
  /** Every file it wrote and all that it said, as Latin-1. */
  written(): Promise<string>
  /** One of its files, as UTF-8; empty when there is none. */
  read(file: string): Promise<string>
  /** When all that it said so far satisfies `condition`. One at a time. */
  whenSaid(condition: (text: string) => boolean): Promise<void>
  /** Asks it to end, and waits until it has: then it has written all that it will. */
  end(): Promise<void>
  /** Ends it whatever it does, and removes its folder. */
  stop(): Promise<void>
}

/** Debian keeps the daemons where only root's path leads. */
const PATH = `${process.env['PATH']}${delimiter}/usr/sbin`

/** Another program may take the port in the moment between. */
const ATTEMPTS = 3

/** Whoever is not ready by then never will be, ms. */
const READY_LIMIT_MS = 60_000

/** By their folders. */
const running = new Map<string, ChildProcess>()
process.once('exit', () => {
  for (const [directory, child] of running) {
    child.kill('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  }
})
// The test runner ends a file that hangs this way, and nobody's `after` runs.
process.once('SIGTERM', () => process.exit(1))

export function isInstalled(command: string): boolean {
  return PATH.split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, command), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

export async function startProgram(start: Start): Promise<Program> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(start)
    } catch (error) {
      if (attempt === ATTEMPTS) throw error
    }
  }
}

async function startOnce(start: Start): Promise<Program> {
  const directory = await mkdtemp(join(tmpdir(), `pinned-fetch-${start.command}-`))
  const place = { port: await freePort(), directory }
  const remove = async () => {
    running.delete(directory)
    await rm(directory, { recursive: true, force: true })
  }
  let child: ChildProcess | undefined
  try {
    await writeFiles(directory, start.files?.(place) ?? {})
    await start.prepare?.(place)
    child = spawn(start.command, start.parameters(place), {
      cwd: directory,
      env: { ...process.env, PATH, HOME: directory, PYTHONUNBUFFERED: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const said = listenTo(child)
    running.set(directory, child)
    const match = await whenReady(child, said, start)
    return program({ port: Number(match.groups?.['port'] ?? place.port), directory }, child, said, remove)
  } catch (error) {
    child?.kill('SIGKILL')
    await remove()
    throw error
  }
}

function program(place: Place, child: ChildProcess, said: Said, remove: () => Promise<void>): Program {
  return {
    ...place,
    read: (file) => readFile(join(place.directory, file), 'utf8').catch(() => ''),
    written: async () => `${said.text}\n${await filesIn(place.directory)}`,
    whenSaid: (condition) =>
      new Promise((resolve) => {
        said.more = () => condition(said.text) && resolve()
        said.more()
      }),
    end: () => ended(child, 'SIGTERM'),
    async stop() {
      await ended(child, 'SIGKILL')
      await remove()
    },
  }
}

/** What a child says, and a wish to hear of more. */
interface Said {
  text: string
  more: () => unknown
}

function listenTo(child: ChildProcess): Said {
  const said: Said = { text: '', more: () => {} }
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('latin1').on('data', (chunk: string) => {
      said.text += chunk
      said.more()
    })
  }
  return said
}

function whenReady(child: ChildProcess, said: Said, { command, ready }: Start): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`${command} ${why}:\n${said.text}`))
    const limit = setTimeout(() => fail('is not ready in time'), READY_LIMIT_MS)
    const settle = (action: () => void) => {
      clearTimeout(limit)
      said.more = () => {}
      action()
    }
    said.more = () => {
      const match = ready.exec(said.text)
      if (match !== null) settle(() => resolve(match))
    }
    child.once('error', (error) => settle(() => reject(error)))
    child.once('exit', (code, signal) => settle(() => fail(`ended with ${code ?? signal} before it was ready`)))
  })
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = new Promise((resolve) => child.once('close', resolve))
  child.kill(signal)
  await closed
}

/** A free port, for programs that can't be told to take any. */
async function freePort(): Promise<number> {
  const server = createServer()
  const port = await listen(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function writeFiles(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const path = join(directory, name)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, content, { mode: 0o600 })
  }
}

async function filesIn(directory: string): Promise<string> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const texts = await Promise.all(files.map((file) => readFile(file, 'latin1').catch(() => '')))
  return texts.join('\n')
}
