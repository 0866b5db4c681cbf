/**
 * What docs/evidence.json holds: the last results of every suite, one suite renewed at a time, and the suites that were
 * run and told nothing.
 */

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import type { SuiteResult } from '../suite-result.ts'
import { render } from './render.ts'
import { SUITES } from './suites.ts'

export interface Origin {
  /** The day it was run, `2026-11-25`. */
  readonly date: string
  readonly node: string
  readonly openssl: string
}

export interface Entry {
  /** Of the suite in suites.ts; one may tell several results. */
  readonly ranBy: string
  readonly origin: Origin
  readonly result: SuiteResult
  readonly parts?: readonly Part[]
  /** Tests of the run that failed: they may have spoilt the result. */
  readonly failures: readonly string[]
}

export interface Part {
  readonly part: string
  readonly cases: number
}

/** A suite that was run last without telling anything. */
export interface Missing {
  readonly ranBy: string
  readonly origin: Origin
  readonly reason: string
}

export interface Evidence {
  readonly entries: readonly Entry[]
  readonly missing: readonly Missing[]
}

const DOCS = new URL('../../../docs/', import.meta.url)
export const DATA = new URL('evidence.json', DOCS)
export const PAGE = new URL('evidence.md', DOCS)

export async function readEvidence(): Promise<Evidence> {
  const text = await readFile(DATA, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{"entries":[],"missing":[]}'
    throw error
  })
  return JSON.parse(text) as Evidence
}

/** The data, and the page made of it. */
export async function writeEvidence(evidence: Evidence): Promise<void> {
  await mkdir(DOCS, { recursive: true })
  await writeFile(DATA, `${JSON.stringify(evidence, null, 2)}\n`)
  await writeFile(PAGE, render(evidence, SUITES))
}

/** What a run of `ranBy` told takes the place of all it told before; a run that told nothing takes no place. */
export function renewed(evidence: Evidence, ranBy: string, run: readonly Entry[] | Missing): Evidence {
  const missing = evidence.missing.filter((one) => one.ranBy !== ranBy)
  if ('reason' in run) return { entries: evidence.entries, missing: [...missing, run] }
  const others = evidence.entries.filter((entry) => entry.ranBy !== ranBy)
  return { entries: [...others, ...run].sort(byPlace), missing }
}

function byPlace(one: Entry, other: Entry): number {
  const place = ({ ranBy }: Entry) => SUITES.findIndex(({ name }) => name === ranBy)
  return place(one) - place(other) || (one.result.suite < other.result.suite ? -1 : 1)
}
