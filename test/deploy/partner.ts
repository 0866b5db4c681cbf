/**
 * The API that the deployed function calls, its keys, and the policies that the story pins it with.
 *
 * Locally it is a TLS server with a key that changes. Against a real account it is a host of the Internet, whose key can't
 * be changed: there the policy is made to expect another one.
 */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateKeys, intermediateOf, leafOf, pinOf, presented, rootAuthority } from '../support/authority.ts'
import { startTlsServer } from '../support/tls-server.ts'

export interface Partner {
  readonly url: string
  /** As a policy names it. */
  readonly host: string
  /** A key that the partner shows now, and its backup. */
  readonly pins: readonly string[]
  /** Those of a policy that is right after the change, which keeps one of before. */
  readonly pinsAfter: readonly string[]
  /** From now on calls meet a key that is not pinned. `push` makes a policy of other pins current. */
  change(push: (pins: readonly string[]) => Promise<void>): Promise<string>
  /** How many bytes of requests have arrived; `undefined`: nobody can tell. */
  bytes(): number | undefined
  close(): Promise<void>
}

export interface LocalPartner extends Partner {
  /** PEM of its root. */
  readonly caFile: string
}

/** The name that every resolver knows without a network. */
const HOST = 'localhost'

export async function startLocalPartner(folder: string): Promise<LocalPartner> {
  const root = await rootAuthority('Partner Root CA')
  const issuer = await intermediateOf(root, 'Partner Issuing CA')
  const [now, next] = [await leafOf(issuer, [HOST]), await leafOf(issuer, [HOST])]
  const reserve = pinOf((await generateKeys('p256')).publicKey)
  const server = await startTlsServer(presented(now, issuer), { respond: () => ({ body: 'the quotes of today' }) })
  const caFile = join(folder, 'partner-root.pem')
  writeFileSync(caFile, root.certificate)
  return {
    url: `https://${HOST}:${server.port}/v1/quotes`,
    host: `${HOST}:${server.port}`,
    pins: [now.pin, reserve],
    pinsAfter: [now.pin, next.pin, reserve],
    caFile,
    async change() {
      server.present(presented(next, issuer))
      server.ticketKeysRenew()
      server.destroyConnections()
      return 'the partner shows another key, which it did not announce'
    },
    bytes: () => server.recording.bytes,
    close: () => server.close(),
  }
}

/** @param pins of keys that the host shows; one more, which no key has, stands for its backup */
export function publicPartner(host: string, pins: readonly string[]): Partner {
  const [nobodys, nobodysToo] = ['A', 'B'].map((letter) => `sha256/${letter.repeat(42)}A=`) as [string, string]
  return {
    url: `https://${host}/`,
    host,
    pins: [...pins, nobodys],
    pinsAfter: [nobodys, ...pins],
    async change(push) {
      await push([nobodys, nobodysToo])
      return 'the policy expects keys that the host does not have'
    },
    bytes: () => undefined,
    close: () => Promise.resolve(),
  }
}

export function policyOf(partner: Partner, serial: number, pins: readonly string[]): string {
  return JSON.stringify({ version: 1, serial, default: 'deny', hosts: { [partner.host]: { pins } } })
}
