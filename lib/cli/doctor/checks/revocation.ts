/**
 * Was a certificate of the path taken back? By lists (RFC 5280 section 5) and by the staple (RFC 6960). A guard asks
 * neither; this tells what it can't see.
 */

import { plain } from '../../hosts/plain.ts'
import { formatInstant } from '../../instant.ts'
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
  if (staple?.state === 'revoked') return fail('the host’s own staple says that its certificate is revoked', TODO)
  const stapled = stapleText(staple, judgedAt)
  const good = standings.filter(({ state }) => state === 'good')
  const problems = standings.filter(({ problem }) => problem !== undefined)
  const [first] = problems
  if (first !== undefined) {
    const text = `"${plain(first.subject)}": ${plain(first.problem ?? '')}${stapled}`
    return warn(text, 'fetch the list yourself, and give it with --crl')
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
  const { state, nextUpdate } = staple
  if (state !== 'good') return `; the staple is ${state}`
  const isOld = nextUpdate !== undefined && nextUpdate < at
  return isOld
    ? `; the staple ended at ${formatInstant(nextUpdate)}`
    : '; the staple says good (signature not verified)'
}
