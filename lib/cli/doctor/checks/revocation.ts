/**
 * Was a certificate of the path taken back? By lists (RFC 5280 section 5) and by the staple (RFC 6960). A guard asks
 * neither; this tells what it can't see.
 */

import { formatInstant } from '../../../policy/instant.ts'
import { plain } from '../../hosts/plain.ts'
import type { Staple } from '../facts.ts'
import { type Check, fail, ok, skip, warn } from '../finding.ts'

const TODO = 'treat its key as lost: deny its pin in the policy, and have the owner of the host replace it'

export const checkRevocation: Check = ({ revocation: { standings, staple }, judgedAt }) => {
  const revoked = standings.find(({ state }) => state === 'revoked')
  if (revoked !== undefined) {
    const { subject, since, reason, source } = revoked
    const why = reason === undefined ? '' : `, ${reason}`
    return fail(`"${plain(subject)}" was revoked at ${formatInstant(since ?? 0)}${why} (${plain(source ?? '')})`, TODO)
  }
  if (staple?.state === 'revoked') {
    // Unproven it is still what the host says of itself.
    const proof = staple.isProven ? '' : ' (nobody who may say so has signed it)'
    return fail(`the host’s own staple says that its certificate is revoked${proof}`, TODO)
  }
  const stapled = stapleText(staple, judgedAt)
  const good = standings.filter(({ state }) => state === 'good')
  const problems = standings.filter(({ problem }) => problem !== undefined)
  const [first] = problems
  if (first !== undefined) {
    const text = `"${plain(first.subject)}": ${plain(first.problem ?? '')}${stapled}`
    return warn(text, 'fetch the list yourself, and give it with --crl')
  }
  if (good.length === 0 && isGoodToday(staple, judgedAt)) {
    return ok('no list was asked; the staple, signed by its issuer, says that the certificate of the host is good')
  }
  if (good.length === 0) {
    const text = standings.length === 0 ? 'no path to look at' : `no list was asked${stapled}`
    return skip(text, standings.length === 0 ? undefined : 'give lists with --crl')
  }
  const sources = [...new Set(good.map(({ source }) => source))].join(', ')
  return ok(`${good.length} of ${standings.length} certificates are on no list (${plain(sources)})${stapled}`)
}

function stapleText(staple: Staple | undefined, at: number): string {
  if (staple === undefined) return '; no staple'
  const { state, isProven, nextUpdate } = staple
  if (state !== 'good') return `; the staple is ${state}`
  if (!isProven) return '; the staple says good, but nobody who may say so has signed it'
  return isGoodToday(staple, at) ? '; the staple says good' : `; the staple ended at ${formatInstant(nextUpdate ?? 0)}`
}

function isGoodToday(staple: Staple | undefined, at: number): boolean {
  if (staple?.state !== 'good' || !staple.isProven) return false
  return staple.nextUpdate === undefined || at <= staple.nextUpdate
}
