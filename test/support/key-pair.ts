/**
 * Key pairs for minted certificates, and the signatures they make (RFC 5280 section 4.1.1.2).
 *
 * Keys are `node:crypto` keys, not Web Crypto's: only those know the id-RSASSA-PSS key type and SHA-1 signatures.
 */

import { constants, generateKeyPair, type KeyObject, sign } from 'node:crypto'
import { promisify } from 'node:util'
import { RsaSaPssParams } from '@peculiar/asn1-rsa'
import { AsnConvert } from '@peculiar/asn1-schema'
import { AlgorithmIdentifier } from '@peculiar/asn1-x509'

export type KeyKind = 'p256' | 'p384' | 'p521' | 'rsa2048' | 'rsa3072' | 'rsa4096' | 'rsa-pss' | 'ed25519'

export type HashName = 'SHA-1' | 'SHA-256' | 'SHA-384' | 'SHA-512'

export interface KeyPair {
  readonly kind: KeyKind
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

/** How a key signs. Unset hash: the one that fits the key. `pss`: an ordinary RSA key signs RSASSA-PSS. */
export interface SignatureOptions {
  readonly hash?: HashName
  readonly pss?: boolean
}

export interface Signer {
  readonly algorithm: AlgorithmIdentifier
  sign(bytes: Uint8Array): Buffer
}

const CURVE = { p256: 'P-256', p384: 'P-384', p521: 'P-521' } as const
const MODULUS_BITS = { rsa2048: 2048, rsa3072: 3072, rsa4096: 4096 } as const
const FITTING_HASH: Partial<Record<KeyKind, HashName>> = { p384: 'SHA-384', p521: 'SHA-512' }

const ECDSA_WITH = {
  'SHA-1': '1.2.840.10045.4.1',
  'SHA-256': '1.2.840.10045.4.3.2',
  'SHA-384': '1.2.840.10045.4.3.3',
  'SHA-512': '1.2.840.10045.4.3.4',
} as const

const RSA_WITH = {
  'SHA-1': '1.2.840.113549.1.1.5',
  'SHA-256': '1.2.840.113549.1.1.11',
  'SHA-384': '1.2.840.113549.1.1.12',
  'SHA-512': '1.2.840.113549.1.1.13',
} as const

const HASH = {
  'SHA-1': { identifier: '1.3.14.3.2.26', digest: 'sha1', bytes: 20 },
  'SHA-256': { identifier: '2.16.840.1.101.3.4.2.1', digest: 'sha256', bytes: 32 },
  'SHA-384': { identifier: '2.16.840.1.101.3.4.2.2', digest: 'sha384', bytes: 48 },
  'SHA-512': { identifier: '2.16.840.1.101.3.4.2.3', digest: 'sha512', bytes: 64 },
} as const

const RSASSA_PSS = '1.2.840.113549.1.1.10'
const MASK_GENERATION_1 = '1.2.840.113549.1.1.8'
const ED25519 = '1.3.101.112'
const NULL = new Uint8Array([0x05, 0x00]).buffer

const generate = promisify(generateKeyPair)
const kept = new Map<string, Promise<KeyPair>>()

export async function generateKeys(kind: KeyKind): Promise<KeyPair> {
  return { kind, ...(await generateObjects(kind)) }
}

/** The same key pair for the same kind and label, for the life of this process: RSA keys are slow to make. */
export function keptKeys(kind: KeyKind, label = ''): Promise<KeyPair> {
  const name = `${kind} ${label}`
  const keys = kept.get(name) ?? generateKeys(kind)
  kept.set(name, keys)
  return keys
}

export function signerOf(keys: KeyPair, options: SignatureOptions = {}): Signer {
  const hash = options.hash ?? FITTING_HASH[keys.kind] ?? 'SHA-256'
  const { digest, bytes } = HASH[hash]
  switch (keys.kind) {
    case 'ed25519':
      return {
        algorithm: new AlgorithmIdentifier({ algorithm: ED25519 }),
        sign: (message) => sign(null, message, keys.privateKey),
      }
    case 'p256':
    case 'p384':
    case 'p521':
      return {
        algorithm: new AlgorithmIdentifier({ algorithm: ECDSA_WITH[hash] }),
        sign: (message) => sign(digest, message, keys.privateKey),
      }
    default: {
      if (keys.kind !== 'rsa-pss' && options.pss !== true) {
        return {
          algorithm: new AlgorithmIdentifier({ algorithm: RSA_WITH[hash], parameters: NULL }),
          sign: (message) => sign(digest, message, keys.privateKey),
        }
      }
      const key = { key: keys.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: bytes }
      return { algorithm: pssAlgorithm(hash), sign: (message) => sign(digest, message, key) }
    }
  }
}

function generateObjects(kind: KeyKind): Promise<{ publicKey: KeyObject; privateKey: KeyObject }> {
  switch (kind) {
    case 'ed25519':
      return generate('ed25519')
    case 'rsa-pss':
      return generate('rsa-pss', { modulusLength: 2048, hashAlgorithm: 'sha256', mgf1HashAlgorithm: 'sha256' })
    case 'p256':
    case 'p384':
    case 'p521':
      return generate('ec', { namedCurve: CURVE[kind] })
    default:
      return generate('rsa', { modulusLength: MODULUS_BITS[kind] })
  }
}

function pssAlgorithm(hash: HashName): AlgorithmIdentifier {
  const hashAlgorithm = new AlgorithmIdentifier({ algorithm: HASH[hash].identifier, parameters: NULL })
  const parameters = new RsaSaPssParams({
    hashAlgorithm,
    maskGenAlgorithm: new AlgorithmIdentifier({
      algorithm: MASK_GENERATION_1,
      parameters: AsnConvert.serialize(hashAlgorithm),
    }),
    saltLength: HASH[hash].bytes,
    trailerField: 1,
  })
  return new AlgorithmIdentifier({ algorithm: RSASSA_PSS, parameters: AsnConvert.serialize(parameters) })
}
