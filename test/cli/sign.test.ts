import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { describe, it } from 'node:test'
import { FlattenedSign } from 'jose'
import { seal } from '../../lib/cli/sign/seal.ts'
import { rawSignature } from '../../lib/cli/sign/signer.ts'
import { ENVELOPE_TYPE, openEnvelope } from '../../lib/source/envelope.ts'
import { keyId, parseVerifyKey } from '../../lib/source/verify-key.ts'
import { startKmsEndpoint } from '../support/kms-endpoint.ts'
import { NO_OPENSSL } from './openssl.ts'
import { A, B } from './push-scene.ts'
import { playTranscript } from './transcript.ts'

const NOW = Date.UTC(2026, 10, 25)
const pem = (key: KeyObject) =>
  key.export({ type: key.type === 'private' ? 'pkcs8' : 'spki', format: 'pem' } as never).toString()
const other = generateKeyPairSync('ed25519')

/** What `sign` refuses to make: a signature whose end is past. */
async function endedYesterday(privateKey: KeyObject): Promise<string> {
  const policy = { version: 1, serial: 7, hosts: { 'a.test': { pins: [A, B] } } }
  const header = {
    alg: privateKey.asymmetricKeyType === 'ec' ? 'ES256' : 'EdDSA',
    typ: ENVELOPE_TYPE,
    exp: NOW / 1000 - 86_400,
    crit: ['exp'],
  }
  const envelope = await new FlattenedSign(Buffer.from(JSON.stringify(policy)))
    .setProtectedHeader(header)
    .sign(privateKey, { crit: { exp: true } })
  return JSON.stringify(envelope)
}

describe('pinned-fetch sign and verify', () => {
  for (const [kind, { privateKey, publicKey }] of [
    ['Ed25519', generateKeyPairSync('ed25519')],
    ['P-256', generateKeyPairSync('ec', { namedCurve: 'prime256v1' })],
  ] as const) {
    it(`with ${kind}`, async () =>
      playTranscript(new URL('sign.txt', import.meta.url), {
        now: () => NOW,
        variables: {
          KEY_ID: keyId(publicKey),
          PRIVATE_KEY: pem(privateKey),
          PUBLIC_KEY: pem(publicKey),
          OTHER_KEY: pem(other.publicKey),
          ENDED: await endedYesterday(privateKey),
        },
      }))
  }
})

describe('pinned-fetch sign --kms', () => {
  it('sign-kms.txt', { skip: NO_OPENSSL }, async (t) => {
    const key = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    const kms = await startKmsEndpoint(key)
    t.after(() => kms.close())
    await playTranscript(new URL('sign-kms.txt', import.meta.url), {
      now: () => NOW,
      variables: { KEY_ID: keyId(key.publicKey), PUBLIC_KEY: pem(key.publicKey) },
      env: kms.environment,
    })
  })
})

describe('a signature as KMS gives it, in DER', () => {
  it('becomes the raw one of a JWS, for every length of its numbers', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    const verifyKey = parseVerifyKey(pem(createPublicKey(privateKey)))
    assert.ok(verifyKey !== undefined)
    const lengths = new Set<number>()
    for (let serial = 1; serial <= 400; serial++) {
      const envelope = await seal(
        { serial },
        {
          verifyKey,
          sign: async (bytes) => {
            const der = sign('sha256', bytes, privateKey)
            lengths.add(der.length)
            return rawSignature(der)
          },
        },
        undefined,
      )
      const opened = await openEnvelope(envelope, { keys: [verifyKey], now: NOW, source: 'KMS' })
      assert.deepEqual(opened.document, { serial })
    }
    assert.ok(lengths.size >= 3, `only DER of ${[...lengths]} bytes was seen`)
  })
})
