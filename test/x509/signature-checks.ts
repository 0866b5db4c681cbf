/**
 * Counts the signatures that node:crypto is asked to verify, by standing in front of `X509Certificate.verify`.
 *
 * The method itself runs as ever; only the calls are counted.
 */

import { X509Certificate } from 'node:crypto'

export function signatureChecksOf(run: () => void): number {
  const { verify } = X509Certificate.prototype
  let checks = 0
  X509Certificate.prototype.verify = function counted(this: X509Certificate, key) {
    checks += 1
    return verify.call(this, key)
  }
  try {
    run()
  } finally {
    X509Certificate.prototype.verify = verify
  }
  return checks
}
