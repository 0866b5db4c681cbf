/**
 * Does the certificate name the host (RFC 9525)?
 */

import { plain } from '../../hosts/plain.ts'
import { type Check, fail, ok, skip } from '../finding.ts'

const SHOWN = 6

export const checkHostName: Check = ({ chain, servername }) => {
  const leaf = chain?.certificates[0]
  if (chain === undefined || leaf === undefined) return skip('there are no certificates')
  if (leaf.covers(servername)) return ok(`the certificate names ${servername}`)
  const { names } = chain
  if (names.length === 0) {
    return fail('the certificate has no alternative name', 'the host needs a new one: a common name counts no more')
  }
  const shown = names.slice(0, SHOWN).join(', ')
  const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : ''
  const todo = 'call it by one of these names, or have it serve the right certificate (server name indication)'
  return fail(`the certificate does not name ${servername}, but ${plain(shown)}${more}`, todo)
}
