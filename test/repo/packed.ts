/**
 * The package as a customer gets it: built and packed in a copy of this repository, so that the checkout stays as it
 * was.
 */

import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** What npm reads of the repository when it packs; `node_modules` comes as a link. */
const COPIED = [
  'package.json',
  'tsconfig.json',
  'README.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'LICENSE',
  'lib',
  'functions',
  'infra',
  'test',
]

const TYPESCRIPT = join(ROOT, 'node_modules/.bin/tsc')

/** `npm run build`; the test of the package holds the two together. */
export const BUILD_STEPS = [
  [TYPESCRIPT, '-p', 'lib/tsconfig.json'],
  [process.execPath, 'infra/prebundle.ts'],
] as const

export interface Manifest {
  readonly name: string
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  readonly files: readonly string[]
  readonly sideEffects: readonly string[]
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional?: boolean }>>
}

export function manifest(): Manifest {
  return JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest
}

export class Packed implements Disposable {
  /** The copy, with `dist` built. */
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'pinned-fetch-packed-')))
  /** Every file that npm would publish, with slashes. */
  readonly files: readonly string[]

  constructor() {
    for (const name of COPIED) {
      if (existsSync(join(ROOT, name))) cpSync(join(ROOT, name), join(this.folder, name), { recursive: true })
    }
    symlinkSync(join(ROOT, 'node_modules'), join(this.folder, 'node_modules'))
    for (const step of BUILD_STEPS) execFileSync(step[0], step.slice(1), { cwd: this.folder })
    const options = ['--dry-run', '--json', '--ignore-scripts', '--offline']
    const output = execFileSync('npm', ['pack', ...options], { cwd: this.folder, stdio: ['ignore', 'pipe', 'ignore'] })
    const [packed] = JSON.parse(output.toString()) as { readonly files: readonly { readonly path: string }[] }[]
    this.files = (packed?.files ?? []).map(({ path }) => path)
  }

  read(file: string): string {
    return readFileSync(join(this.folder, file), 'utf8')
  }

  /** Installs what would be published, and its dependencies as links, in a project of somebody's. */
  installInto(project: string): void {
    for (const file of this.files) {
      const target = join(project, 'node_modules/pinned-fetch', file)
      mkdirSync(dirname(target), { recursive: true })
      cpSync(join(this.folder, file), target)
    }
    const { dependencies, peerDependencies } = manifest()
    const typed = [...Object.keys(dependencies), ...Object.keys(peerDependencies), '@types/node', 'undici-types']
    for (const name of typed) {
      const link = join(project, 'node_modules', name)
      mkdirSync(dirname(link), { recursive: true })
      if (existsSync(join(ROOT, 'node_modules', name))) symlinkSync(join(ROOT, 'node_modules', name), link)
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true })
  }
}

/** What a strict compiler says about a project; nothing, if all is well. */
export function compilerSays(project: string): string {
  try {
    execFileSync(TYPESCRIPT, ['--noEmit', '-p', project], { stdio: ['ignore', 'pipe', 'pipe'] })
    return ''
  } catch (error) {
    return String((error as { stdout?: unknown }).stdout)
  }
}
