/**
 * The mutants that may survive, each with the argument why: survivors.json.
 *
 * A mutant is known by its text and its function, not by a line number, so that an argument outlives edits elsewhere.
 */

import { readFileSync } from 'node:fs'
import type { Mutant } from './mutants.ts'

/** One argument, and the mutants that it speaks for. */
export interface Argument {
  readonly why: string
  readonly mutants: readonly Omit<Mutant, 'id'>[]
}

export function readArguments(): readonly Argument[] {
  return JSON.parse(readFileSync(new URL('survivors.json', import.meta.url), 'utf8')) as Argument[]
}

export function argumentFor(mutant: Mutant, all: readonly Argument[]): Argument | undefined {
  return all.find(({ mutants }) => mutants.some((known) => isSame(known, mutant)))
}

/** Arguments about files that were tried, for mutants that are not among the survivors: killed by now, or gone. */
export function staleOf(all: readonly Argument[], files: readonly string[], survivors: readonly Mutant[]) {
  return all
    .flatMap(({ mutants }) => mutants)
    .filter((known) => files.includes(known.file) && !survivors.some((mutant) => isSame(known, mutant)))
}

function isSame(left: Omit<Mutant, 'id'>, right: Omit<Mutant, 'id'>): boolean {
  return (
    left.file === right.file && left.within === right.within && left.is === right.is && left.becomes === right.becomes
  )
}
