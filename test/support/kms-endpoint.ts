/**
 * AWS KMS on loopback: AWS JSON 1.1 over HTTP, as much as GetPublicKey and Sign need, with one P-256 key that never
 * leaves it. Who calls is not checked.
 */

import { execFileSync } from 'node:child_process'
import type { KeyObject } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { listen } from './listen.ts'

export interface KmsEndpoint {
  readonly url: string
  /** The actions that were asked for, as `TrentService.Sign`. */
  readonly targets: readonly string[]
  /** What a process needs to find it. */
  readonly environment: Readonly<Record<string, string>>
  close(): void
}

const ARN = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd'

/** By the name of a key: what it is good for. */
const FAULTS: Readonly<Record<string, string>> = {
  'alias/none': 'NotFoundException',
  'alias/symmetric': 'UnsupportedOperationException',
  'alias/secret': 'AccessDeniedException',
}

/** @param key the pair; its private half signs digests as ECDSA_SHA_256 does */
export async function startKmsEndpoint(key: { publicKey: KeyObject; privateKey: KeyObject }): Promise<KmsEndpoint> {
  const targets: string[] = []
  const server = createServer(async (incoming, outgoing) => {
    const target = String(incoming.headers['x-amz-target'])
    targets.push(target)
    const asked = JSON.parse(await text(incoming))
    const fault = FAULTS[asked.KeyId]
    const answer = fault === undefined ? answerOf(target, asked, key) : { __type: fault, message: 'it says' }
    outgoing.writeHead(fault === undefined ? 200 : 400, { 'content-type': 'application/x-amz-json-1.1' })
    outgoing.end(JSON.stringify(answer))
  })
  const url = `http://127.0.0.1:${await listen(server)}`
  const environment = {
    AWS_ENDPOINT_URL: url,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'none',
    AWS_MAX_ATTEMPTS: '1',
  }
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  return { url, targets, environment, close }
}

function answerOf(
  target: string,
  { KeyId, Message }: { readonly KeyId: string; readonly Message?: string },
  { publicKey, privateKey }: { publicKey: KeyObject; privateKey: KeyObject },
): object {
  if (target === 'TrentService.Sign') {
    return { KeyId: ARN, Signature: signDigest(Buffer.from(Message ?? '', 'base64'), privateKey).toString('base64') }
  }
  return {
    KeyId: ARN,
    PublicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
    KeySpec: 'ECC_NIST_P256',
    KeyUsage: KeyId === 'alias/exchange' ? 'KEY_AGREEMENT' : 'SIGN_VERIFY',
  }
}

/** By openssl: `node:crypto` would hash the digest once more. */
function signDigest(digest: Buffer, key: KeyObject): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'pinned-fetch-kms-'))
  try {
    const file = join(folder, 'key.pem')
    writeFileSync(file, key.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
    return execFileSync('openssl', ['pkeyutl', '-sign', '-inkey', file], { input: digest })
  } finally {
    rmSync(folder, { recursive: true })
  }
}
