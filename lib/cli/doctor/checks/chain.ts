/**
 * What was sent, against what was verified. Browsers mend a chain by themselves; Node does not.
 */

import { plain } from '../../hosts/plain.ts'
import type { Chain } from '../facts.ts'
import { type Check, type Finding, fail, ok, skip, warn } from '../finding.ts'

export const checkChain: Check = ({ chain }) => {
  if (chain === undefined || chain.certificates.length === 0) return skip('there are no certificates')
  const { missing, certificates, presented, timeless } = chain
  const { verified } = timeless
  if (verified === undefined) {
    // Where a CA is the last that was sent, its issuer may be a root, which nobody sends.
    if (missing !== undefined && (missing.isFound || !missing.of.isCa)) return missingIntermediate(chain)
    return skip(`${presented.length} sent; they lead to no trusted root`)
  }
  const [path] = verified.paths
  const used = path?.certificates ?? []
  const sentUsed = certificates.filter((certificate) => used.some(({ der }) => der.equals(certificate.der)))
  const text = `${presented.length} sent, ${sentUsed.length} of them used, up to "${plain(used.at(-1)?.title ?? '')}"`
  const inOrder = sentUsed.every((certificate, index) => used[index]?.der.equals(certificate.der))
  if (!inOrder)
    return warn(`${text}; they were sent in a wrong order`, 'send the leaf first, then each issuer of the one before')
  if (sentUsed.length < presented.length)
    return warn(`${text}; the others are in vain`, 'leave them out: old clients may stumble')
  return ok(text)
}

function missingIntermediate({ missing, presented }: Chain): Finding {
  if (missing === undefined) return skip('nothing is missing')
  const { of, issuer, url, isFound, problem } = missing
  const sent = presented.length === 1 ? 'only the leaf was sent' : `${presented.length} were sent`
  const text = `${sent}; the issuer of "${plain(of.title)}" is missing: "${plain(issuer)}"`
  if (isFound) return fail(text, `the server must send it; it is at ${plain(url ?? '')}, and with it the path verifies`)
  const where =
    url === undefined
      ? ''
      : `; it may be at ${plain(url)}${problem === undefined ? ' (--fetch looks)' : ` (${problem})`}`
  return fail(text, `the server must send its intermediate certificates${where}. Is it a root? Then trust it: --ca`)
}
