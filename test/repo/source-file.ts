/**
 * One TypeScript file of this repository, read as far as the rules of the house need: its code without comments, what
 * it imports, how long its functions are.
 *
 * It reads by regular expressions, and may: Biome has formatted the file, so an import starts its line, and a block
 * ends on the line that is indented as the one that began it.
 */

import { globSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export interface Import {
  /** A package, a `node:` module, or a path from the repository's root. */
  readonly target: string
  /** Gone when the types are: `import type`, `typeof import(…)`. `import { type A }` is not: it still evaluates. */
  readonly isType: boolean
  /** `import(…)` as an expression. */
  readonly isDynamic: boolean
}

export interface FunctionLength {
  /** The line that it begins with. */
  readonly head: string
  readonly lines: number
}

const STATIC = /^(import|export)( type)?\b(?: ?[^'"\n]*?(?:\{[^}]*\}[^'"\n]*?)?from)? '([^']+)'$/gm
const DYNAMIC = /(typeof )?\bimport\('([^']+)'\)/g

/** A line that opens a block which is no function's. */
const NO_FUNCTION =
  /^\s*(?:\} )?(?:if|else|for|while|do|switch|try|catch|finally|case|default|class|interface|export (?:default )?class|export interface|export abstract class|abstract class)\b/

export class SourceFile {
  /** From the repository's root, with slashes. */
  readonly path: string
  readonly text: string
  readonly imports: readonly Import[]

  constructor(path: string) {
    this.path = path
    this.text = readFileSync(`${ROOT}${path}`, 'utf8')
    this.imports = importsOf(this.code, path)
  }

  /** The text without its comments. */
  get code(): string {
    return this.text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/ .*$/gm, '$1')
  }

  /** The code without what stands in quotes: where a word of it is a word of the language. */
  get words(): string {
    return this.code.replace(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g, "''")
  }

  get lineCount(): number {
    return this.text.trimEnd().split('\n').length
  }

  get functions(): readonly FunctionLength[] {
    const lines = this.text.split('\n')
    return lines.flatMap((line, index) => {
      if (!opensFunction(line)) return []
      const indent = /^ */.exec(line)?.[0] ?? ''
      const end = lines.findIndex((other, later) => later > index && other.startsWith(`${indent}}`))
      const start = headOf(lines, index)
      return end === -1 ? [] : [{ head: (lines[start] ?? '').trim(), lines: end - start + 1 }]
    })
  }
}

/** Every TypeScript file below a folder of the repository. */
export function sourceFiles(folder: string): SourceFile[] {
  return globSync(`${folder}/**/*.ts`, { cwd: ROOT })
    .map((path) => new SourceFile(path.replaceAll('\\', '/')))
    .sort((left, right) => left.path.localeCompare(right.path))
}

function importsOf(code: string, path: string): Import[] {
  const statics = [...code.matchAll(STATIC)].map(([, , type, target = '']) => ({
    target: resolved(target, path),
    isType: type !== undefined,
    isDynamic: false,
  }))
  const dynamics = [...code.matchAll(DYNAMIC)].map(([, type, target = '']) => ({
    target: resolved(target, path),
    isType: type !== undefined,
    isDynamic: true,
  }))
  return [...statics, ...dynamics]
}

function resolved(target: string, from: string): string {
  return target.startsWith('.') ? posix.join(posix.dirname(from), target) : target
}

function opensFunction(line: string): boolean {
  return /(?:\)|\): [^=]+|=>) \{$/.test(line) && !NO_FUNCTION.test(line)
}

/** A head of several lines ends in `) {`: the one that opened the parenthesis is indented alike. */
function headOf(lines: readonly string[], index: number): number {
  const line = lines[index] ?? ''
  if (!/^ *\)/.test(line)) return index
  const indent = /^ */.exec(line)?.[0] ?? ''
  for (let above = index - 1; above >= 0; above--) {
    const other = lines[above] ?? ''
    if (other.startsWith(indent) && !other.startsWith(`${indent} `)) return above
  }
  return index
}
