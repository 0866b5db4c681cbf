/**
 * An honest proxy, as the tests see it: it joins a client to the origin and carries ciphertext.
 */

export interface Credentials {
  readonly user: string
  readonly password: string
}

export interface TunnelOptions {
  /** What it may be asked for; its name must lead to loopback. */
  readonly host: string
  readonly originPort: number
  /** Unset: whoever comes is served. */
  readonly credentials?: Credentials
}

export interface Tunnel {
  readonly port: number
  /** The request lines in its own log. */
  requests(): Promise<readonly string[]>
  /** All that it wrote and said. */
  written(): Promise<string>
  stop(): Promise<void>
}
