/**
 * Does the path end in a root that is trusted, by signatures that hold?
 */

import { plain } from '../../hosts/plain.ts'
import { type Check, fail, ok, skip } from '../finding.ts'

export const checkTrust: Check = ({ chain, nodeProblem, route }) => {
  if (chain === undefined || chain.certificates.length === 0) return skip('there are no certificates')
  const { timeless, missing, names, path } = chain
  if (missing?.isFound || (missing !== undefined && !missing.of.isCa)) {
    return skip(missing.isFound ? 'trusted, once the chain is whole' : 'cannot be told while an issuer is missing')
  }
  if (timeless.verified === undefined) {
    if (names.length === 0) return skip('cannot be told: its certificate names nobody')
    const through = route?.proxy === undefined ? '' : ` (through ${route.proxy})`
    const todo =
      'a private CA: give its root to the guard (ca, or anchors of the entry; here --ca, or NODE_EXTRA_CA_CERTS). ' +
      'A public host: somebody between may open TLS, so trust nothing before you know who'
    return fail(`${plain(timeless.reason)}${through}`, todo)
  }
  const isDate = /^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/.test(nodeProblem ?? '')
  if (nodeProblem !== undefined && path.verified !== undefined && !isDate) {
    return fail(`Node refuses the certificates (${nodeProblem})`, 'a guard refuses what Node refuses: look at the code')
  }
  const anchors = new Set(timeless.verified.paths.map(({ certificates }) => certificates.at(-1)?.title ?? ''))
  return ok(`"${plain([...anchors].join('", "'))}" is trusted`)
}
