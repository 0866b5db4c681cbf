/**
 * Who plays in rows 1 to 12: the partner whose keys are pinned, and the attacker, who has a certificate that Node
 * accepts for the partner's name but not the partner's keys.
 *
 *     victim                              attacker
 *     Partner Root       trusted          Other Root         trusted: a public CA, a company's proxy
 *       └ Partner CA                        └ Attacker CA
 *           └ api.partner.test                  └ api.partner.test
 *
 * Which of the victim's keys is pinned, and what the attacker serves beside the own chain, is the row's business.
 */

import { type CertificateSpec, type Held, intermediateOf, leafOf, mint, rootAuthority } from '../support/authority.ts'

/** The host that every policy of these rows covers. */
export const HOST = 'api.partner.test'

export interface Party {
  readonly root: Held
  readonly issuing: Held
  /** For {@link HOST}. */
  readonly leaf: Held
}

export const partner = (): Promise<Party> => party('Partner Root', 'Partner CA')

export const attacker = (): Promise<Party> => party('Other Root', 'Attacker CA')

async function party(rootName: string, issuingName: string): Promise<Party> {
  const root = await rootAuthority(rootName)
  const issuing = await intermediateOf(root, issuingName)
  return { root, issuing, leaf: await leafOf(issuing, [HOST]) }
}

/** Another certificate for the same name and key, by another issuer; `twist` says what is wrong with it. */
export function crossSigned(subject: Held, issuer: Held, twist: CertificateSpec = {}): Promise<Held> {
  return mint({ subject: subject.subject, keys: subject, ca: true, issuer, ...twist })
}

const DAY_MS = 86_400_000

/** A validity that ended yesterday. */
export const expired = (): Pick<CertificateSpec, 'notBefore' | 'notAfter'> => ({
  notBefore: new Date(Date.now() - 30 * DAY_MS),
  notAfter: new Date(Date.now() - DAY_MS),
})

/** A validity that begins tomorrow. */
export const notYetValid = (): Pick<CertificateSpec, 'notBefore' | 'notAfter'> => ({
  notBefore: new Date(Date.now() + DAY_MS),
  notAfter: new Date(Date.now() + 30 * DAY_MS),
})
