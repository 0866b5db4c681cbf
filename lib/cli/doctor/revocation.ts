/**
 * The lists that somebody gave, those that the certificates name, and what they say of a path.
 */

import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { CommandError } from '../failure.ts'
import { pathOf } from '../policy/place.ts'
import type { World } from '../world.ts'
import type { Chain, Revocation, Standing } from './facts.ts'
import { fetchPlain } from './fetched.ts'
import { listUrlsOf, type RevocationList, readList, standingOf } from './revocation-list.ts'
import { readStaple } from './staple.ts'

export interface RevocationRequest {
  readonly lists: readonly RevocationList[]
  readonly mayFetch: boolean
  readonly staple: Buffer | undefined
  readonly now: number
}

/** @throws {CommandError} when a file of `--crl` is none */
export async function readLists(files: readonly string[], world: World): Promise<readonly RevocationList[]> {
  return await Promise.all(
    files.map(async (file) => {
      try {
        return await readList(await readFile(pathOf(file, world)), basename(file))
      } catch (cause) {
        const problem = (cause as NodeJS.ErrnoException).code ?? 'it holds no list'
        throw new CommandError(`--crl ${file}: ${problem}`, 'give a revocation list in PEM or DER', { cause })
      }
    }),
  )
}

export async function askRevocation(
  chain: Chain | undefined,
  { lists, mayFetch, staple, now }: RevocationRequest,
): Promise<Revocation> {
  const path = chain?.timeless.verified?.paths[0]?.certificates ?? []
  const standings = await Promise.all(
    path.slice(0, -1).map(async (certificate, index): Promise<Standing> => {
      const issuer = path[index + 1]
      if (issuer === undefined) return { subject: certificate.title, state: 'unknown' }
      const given = await standingOf(certificate, issuer, lists, now)
      if (given.state !== 'unknown' || !mayFetch) return given
      const fetched = await fetchLists(await listUrlsOf(certificate.x509))
      const standing = await standingOf(certificate, issuer, fetched.lists, now)
      return standing.state === 'unknown' ? withProblem(standing, fetched.problem ?? given.problem) : standing
    }),
  )
  const [leaf, issuer = leaf] = path
  const isSeen = staple !== undefined && leaf !== undefined && issuer !== undefined
  return { standings, staple: isSeen ? readStaple(staple, leaf, issuer, now) : undefined }
}

async function fetchLists(urls: readonly string[]) {
  const lists: RevocationList[] = []
  let problem: string | undefined
  for (const url of urls) {
    try {
      lists.push(await readList(await fetchPlain(url), url))
      break
    } catch (error) {
      problem ??= `no list from ${url}: ${(error as Error).message}`
    }
  }
  return { lists, problem }
}

function withProblem(standing: Standing, problem: string | undefined): Standing {
  return standing.problem !== undefined || problem === undefined ? standing : { ...standing, problem }
}
