/** Flags of Node under which pinned-fetch must load, accept and refuse as without them. */

export interface FlagCase {
  /** For `NODE_OPTIONS`. */
  readonly flags: string
  /** No `ca` is given; Node finds the trusted roots in the file that `SSL_CERT_FILE` names. */
  readonly needsSystemRoots?: true
  /** Node has roots and doesn't tell which: nothing can be verified, and that is a refusal. */
  readonly isWithoutRoots?: true
}

export const FLAGS: readonly FlagCase[] = [
  { flags: '--frozen-intrinsics --disable-proto=throw' },
  {
    flags: '--permission --allow-fs-read=* --no-addons --disallow-code-generation-from-strings --disable-proto=delete',
  },
  { flags: '--force-fips' },
  { flags: '--use-openssl-ca' },
  { flags: '--use-system-ca', needsSystemRoots: true },
  // tls.getCACertificates('default') is empty there: nodejs/node#64258.
  { flags: '--use-openssl-ca', needsSystemRoots: true, isWithoutRoots: true },
]
