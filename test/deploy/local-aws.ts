/**
 * Starts the local AWS of test/support/local-aws/, and says what a machine lacks for it.
 */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { runtimeClientBuilt } from '../support/lambda-runtime.ts'
import { run } from './command.ts'

const SERVER = fileURLToPath(new URL('../support/local-aws/main.py', import.meta.url))
const RUNTIME_CLIENT = fileURLToPath(new URL('../../.runtime/node_modules/aws-lambda-ric/index.mjs', import.meta.url))
const RUNTIME_LOOP = fileURLToPath(new URL('../support/runtime-loop.mjs', import.meta.url))

const PYTHON = process.env['PYTHON'] ?? 'python3'

/** The server is made of moto's inner parts: another version may have others. */
const MOTO = '5.2'

const INSTALL = `${PYTHON} -m pip install 'moto[server,cloudformation]==5.2.1'`

const VERSIONS = `
import platform, moto, moto.moto_server.werkzeug_app, moto.cloudformation.models
print(moto.__version__, platform.python_version())`

export interface LocalAws {
  readonly endpoint: string
  readonly runtime: string
  /** What the server printed of what went wrong. */
  readonly complaints: () => string
  close(): Promise<void>
}

/** The versions of Python and moto, or what is missing. */
export function pythonHere(): { readonly versions: string } | { readonly missing: string } {
  try {
    const [moto = '', python] = execFileSync(PYTHON, ['-c', VERSIONS], { stdio: ['ignore', 'pipe', 'pipe'] })
      .toString()
      .trim()
      .split(' ')
    if (!moto.startsWith(`${MOTO}.`)) return { missing: `moto ${MOTO}.x (there is ${moto}): ${INSTALL}` }
    return { versions: `moto ${moto}, Python ${python}` }
  } catch (error) {
    const { code, stderr } = error as { readonly code?: string; readonly stderr?: Buffer }
    if (code === 'ENOENT') return { missing: `Python 3.11 or newer (no ${PYTHON} here), and then: ${INSTALL}` }
    return { missing: `moto (${stderr?.toString().trim().split('\n').at(-1)}): ${INSTALL}` }
  }
}

/** Runs the local AWS's own tests. @throws {Error} with what they printed */
export async function checkLocalAws(): Promise<string> {
  const command = [PYTHON, '-m', 'unittest', 'discover', '-s', dirname(SERVER), '-p', '*_test.py']
  const environment = { PATH: process.env['PATH'], HOME: process.env['HOME'], PYTHONDONTWRITEBYTECODE: '1' }
  const { output } = await run(command, environment)
  return /Ran \d+ tests/.exec(output)?.[0] ?? output
}

/** @param functionEnvironment what every function gets besides its own variables */
export async function startLocalAws(functionEnvironment: Readonly<Record<string, string>>): Promise<LocalAws> {
  const client = runtimeClientBuilt() ? RUNTIME_CLIENT : RUNTIME_LOOP
  const child = spawn(PYTHON, [SERVER], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      PYTHONDONTWRITEBYTECODE: '1',
      LOCAL_AWS_NODE: process.execPath,
      LOCAL_AWS_RUNTIME_CLIENT: client,
      LOCAL_AWS_FUNCTION_ENVIRONMENT: JSON.stringify(functionEnvironment),
    },
  })
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text
  })
  const port = await portOf(child, () => complaints)
  return {
    endpoint: `http://127.0.0.1:${port}`,
    runtime: client === RUNTIME_CLIENT ? 'aws-lambda-ric' : 'a small runtime loop (aws-lambda-ric is not built here)',
    complaints: () => complaints,
    close: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = once(child, 'close')
      child.stdin.end()
      await gone
    },
  }
}

async function portOf(child: ChildProcess, complaints: () => string): Promise<number> {
  if (child.stdout === null) throw new Error('The local AWS has no output')
  for await (const line of createInterface({ input: child.stdout })) {
    child.stdout.resume()
    return (JSON.parse(line) as { readonly port: number }).port
  }
  throw new Error(`The local AWS did not start:\n${complaints()}`)
}
