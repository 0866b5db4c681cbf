/**
 * The openssl command, as the outside opinion on pins.
 */

import { execFileSync, spawnSync } from 'node:child_process'

/** Why tests that need it are skipped; `false`: it is there. */
export const NO_OPENSSL: string | false =
  spawnSync('openssl', ['version']).status === 0 ? false : 'SKIPPED: openssl is not installed'

export function openssl(words: readonly string[], input: string | Buffer = ''): Buffer {
  return execFileSync('openssl', words, { input, stdio: ['pipe', 'pipe', 'pipe'] })
}

/** The command of every pinning tutorial. @param pem one certificate */
export function pinByOpenssl(pem: string): string {
  const der = openssl(['pkey', '-pubin', '-outform', 'der'], openssl(['x509', '-pubkey', '-noout'], pem))
  return `sha256/${openssl(['dgst', '-sha256', '-binary'], der).toString('base64')}`
}
