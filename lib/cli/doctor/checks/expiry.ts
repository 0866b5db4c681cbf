/**
 * Is every certificate of the path valid at this time?
 */

import { daysUntil, formatInstant } from '../../../policy/instant.ts'
import type { Certificate } from '../../../x509/certificate.ts'
import { plain } from '../../hosts/plain.ts'
import type { Chain } from '../facts.ts'
import { type Check, fail, ok, skip, warn } from '../finding.ts'

const WARN_DAYS = 14

export const checkExpiry: Check = ({ chain, judgedAt, nodeProblem, hostClock }) => {
  const leaf = chain?.certificates[0]
  if (chain === undefined || leaf === undefined) return skip('there are no certificates')
  const invalid = relevant(chain).filter((certificate) => !certificate.isValidAt(judgedAt))
  // Beside a path that has ended there may be another that has not.
  const isEnded =
    chain.path.verified === undefined && (chain.timeless.verified !== undefined || !leaf.isValidAt(judgedAt))
  const [first] = invalid
  if (isEnded && first !== undefined) return ended(first, first.der.equals(leaf.der), judgedAt)
  const isOursWrong = hostClock.isKnown && hostClock.isOursWrong
  const isNodes = /^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/.test(nodeProblem ?? '') && chain.path.verified !== undefined
  if (isNodes && !isOursWrong) {
    return fail(`Node refuses a date (${nodeProblem}), and we do not`, 'an expired certificate is sent: replace it')
  }
  const end = chain.path.verified?.paths.reduce((latest, { validUntil }) => Math.max(latest, validUntil), 0)
  const until = end ?? leaf.notAfter
  const days = daysUntil(until, judgedAt)
  const clock = isOursWrong ? ' by the clock of the host' : ''
  const text = `${end === undefined ? 'the leaf' : 'the path'} is valid for ${days} days, until ${formatInstant(until)}${clock}`
  return days < WARN_DAYS ? warn(text, 'see that it is renewed in time') : ok(text)
}

/** The certificates that the time matters of: those of a path, else all. */
function relevant({ timeless, certificates }: Chain): readonly Certificate[] {
  return timeless.verified?.paths[0]?.certificates ?? certificates
}

function ended({ title, notBefore, notAfter }: Certificate, isLeaf: boolean, at: number) {
  const subject = `${isLeaf ? 'the certificate' : 'an issuer'} "${plain(title)}"`
  if (at < notBefore) {
    const todo = 'look at the clock of this machine first; else the host serves its new certificate too early'
    return fail(`${subject} is not valid before ${formatInstant(notBefore)}`, todo)
  }
  const todo = isLeaf
    ? 'the owner of the host must renew it; no setting of the client mends this'
    : 'the owner of the host must serve a current issuer certificate'
  return fail(`${subject} expired at ${formatInstant(notAfter)}`, todo)
}
