/**
 * Chains that large hosts really served, when the data is there: it lies beside the project and is not part of it.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { splitPem } from '../../lib/x509/trust-set.ts'

const DATA = fileURLToPath(new URL('../../../shared/data/', import.meta.url))

export interface RealChain {
  readonly host: string
  /** Leaf first, root last. */
  readonly pems: readonly string[]
}

/** Why a test on real data can't run, or `false`: what `skip` takes. */
export function absent(file: string): string | false {
  return existsSync(dataPath(file))
    ? false
    : `SKIPPED: the data ${file} is not beside this checkout (${dataPath(file)})`
}

export function dataPath(file: string): string {
  return `${DATA}${file}`
}

/** One chain per host, as served lately. */
export function currentChains(): RealChain[] {
  return chainsIn('chains/current', (file) => file.replace(/\.pem$/, ''))
}

/** Hundreds of chains, as the hosts renewed them over years. */
export function renewedChains(): RealChain[] {
  return chainsIn('chains/rotation', (file) => file.split('/')[0] ?? file)
}

function chainsIn(folder: string, hostOf: (file: string) => string): RealChain[] {
  if (!existsSync(dataPath(folder))) return []
  return readdirSync(dataPath(folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.pem'))
    .sort()
    .map((file) => ({ host: hostOf(file), pems: splitPem(readFileSync(dataPath(`${folder}/${file}`), 'utf8')) }))
}
