/**
 * One version of Node on this machine: npm's `node` package, in a folder of its own below `.runtime`, installed when it
 * is wanted for the first time. Its preinstall script fetches the binary, so npm must let it run.
 */

import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

const INSTALL = ['--no-save', '--no-package-lock', '--no-audit', '--no-fund', '--loglevel=error']

/** Meant for us, not for what we run: how our own Node behaves, and where a suite tells its result. */
const OF_THE_PARENT = ['NODE_OPTIONS', 'NODE_TEST_CONTEXT', 'npm_node_execpath', 'PINNED_FETCH_EVIDENCE']

export interface Runtime {
  readonly version: string
  readonly openssl: string
  /** The undici that its own `fetch` is. */
  readonly undici: string
  readonly binary: string
  /** For a process that is to find this Node as `node`. */
  readonly environment: NodeJS.ProcessEnv
}

/** @throws when npm can't install it, or it is another version than it should be */
export function installed(version: string): Runtime {
  const folder = join(ROOT, '.runtime', `node-${version}`)
  const directory = join(folder, 'node_modules', 'node', 'bin')
  const binary = join(directory, 'node')
  if (!existsSync(binary)) install(version, folder)
  const versions = JSON.parse(execFileSync(binary, ['-p', 'JSON.stringify(process.versions)'], { encoding: 'utf8' }))
  if (versions.node !== version) throw new Error(`${binary} is Node ${versions.node}, not ${version}`)
  const environment: NodeJS.ProcessEnv = {
    ...process.env,
    PATH: [directory, process.env['PATH']].join(delimiter),
  }
  for (const name of OF_THE_PARENT) delete environment[name]
  return { version, openssl: versions.openssl, undici: versions.undici, binary, environment }
}

function install(version: string, folder: string): void {
  process.stderr.write(`runtimes: installing Node ${version}\n`)
  const { status, error } = spawnSync('npm', ['install', '--prefix', folder, ...INSTALL, `node@${version}`], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (status !== 0) throw new Error(`npm could not install node@${version} (${error?.message ?? `status ${status}`})`)
}
