/**
 * Does a handshake end? Whose certificates they are comes later.
 */

import { type Check, fail, ok, skip } from '../finding.ts'

export const checkTls: Check = ({ chain, failure, protocol, servername, isRecorded }) => {
  if (isRecorded) return skip('recorded certificates: nobody was asked')
  if (failure?.stage === 'tls') return fail(failure.message, failure.hint)
  if (chain === undefined) return skip('there is no connection')
  if (chain.certificates.length > 0) return ok(`${protocol ?? 'TLS'}, asked for ${servername}`)
  return fail('the handshake ends, and no certificate can be read', 'the server must show an X.509 certificate')
}
