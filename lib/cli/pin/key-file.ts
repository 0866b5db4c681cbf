/**
 * What keys a file holds, and their pins: certificates, public and private keys and requests, in PEM (any number, in
 * any mixture) or in DER, and the certificates of PKCS#12.
 *
 * The pin of a certificate or a request is made of the bytes that stand in it; that of a key of what Node writes, as
 * `openssl pkey -pubout` does. Nothing of a private key leaves this file but its public half.
 */

import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { pinOfSpki } from '../../policy/pin.ts'
import { Certificate } from '../../x509/certificate.ts'
import { readDer, TAG } from '../../x509/der.ts'
import { readRequest } from '../backup-key/request.ts'
import { CommandError } from '../failure.ts'
import { plain } from '../hosts/plain.ts'
import { keyTypeIn, keyTypeOf } from './key-type.ts'
import { isPkcs12, readPkcs12 } from './pkcs12.ts'

export interface FoundKey {
  readonly kind:
    | 'leaf certificate'
    | 'intermediate certificate'
    | 'root certificate'
    | 'public key'
    | 'private key'
    | 'certificate request'
  /** Base64, without prefix. */
  readonly sha256: string
  /** Like `EC P-256`. */
  readonly keyType: string
  /** Of a certificate or request. */
  readonly subject?: string
  /** Of a certificate: ms since the epoch. */
  readonly notAfter?: number
}

export interface KeyFile {
  /** As it is told. */
  readonly name: string
  readonly bytes: Buffer
  readonly password: string | undefined
}

const PEM_BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g

/** Blocks that stand beside keys and hold none. */
const IGNORED = /^(EC PARAMETERS|DH PARAMETERS|X509 CRL)$/

const FORMS = 'give certificates, public keys, private keys or requests in PEM or DER, or PKCS#12'

/** @throws {CommandError} when there is none, or one can't be read */
export async function readKeyFile(file: KeyFile): Promise<readonly FoundKey[]> {
  const blocks = [...file.bytes.toString('latin1').matchAll(PEM_BLOCK)].filter(([, label = '']) => !IGNORED.test(label))
  const found: FoundKey[] = []
  for (const [block, label = ''] of blocks) found.push(await readBlock(block, label, file))
  if (found.length > 0) return found
  if (isPkcs12(file.bytes)) return (await readPkcs12(file)).map(foundCertificate)
  return [await readDerFile(file)]
}

async function readBlock(block: string, label: string, file: KeyFile): Promise<FoundKey> {
  const what = `the block "${label}"`
  try {
    if (/^(X509 |TRUSTED )?CERTIFICATE$/.test(label)) return foundCertificate(new X509Certificate(block))
    if (/PUBLIC KEY$/.test(label)) return foundKey('public key', createPublicKey(block))
    if (/CERTIFICATE REQUEST$/.test(label)) return await foundRequest(derOf(block))
    if (/PRIVATE KEY$/.test(label) && !/OPENSSH/.test(label)) return foundPrivateKey({ key: block }, file)
  } catch (error) {
    throw unreadable(file, `${what} cannot be read`, FORMS, error)
  }
  const hint = label === 'PKCS7' ? 'take the certificates out of it: openssl pkcs7 -print_certs' : FORMS
  throw unreadable(file, `${what} is none of a key or certificate`, hint)
}

/** DER does not say what it is. */
async function readDerFile(file: KeyFile): Promise<FoundKey> {
  const { bytes } = file
  const asKey = (format: object) => ({ key: bytes, format: 'der', ...format }) as const
  const readers: readonly (() => FoundKey | Promise<FoundKey>)[] = [
    () => foundCertificate(new X509Certificate(bytes)),
    () => foundKey('public key', createPublicKey(asKey({ type: 'spki' }) as never)),
    () => foundRequest(bytes),
    ...['pkcs8', 'pkcs1', 'sec1'].map((type) => () => foundPrivateKey(asKey({ type }), file)),
    () => foundKey('public key', createPublicKey(asKey({ type: 'pkcs1' }) as never)),
  ]
  for (const read of readers) {
    try {
      return await read()
    } catch (error) {
      if (error instanceof CommandError) throw error
    }
  }
  throw unreadable(file, 'it holds no key and no certificate', FORMS)
}

function foundCertificate(x509: X509Certificate): FoundKey {
  const certificate = new Certificate(x509)
  const { isCa, isSelfIssued, version, keyHash, title, notAfter } = certificate
  // Old roots are of a version that can't say that they are CAs.
  const isRoot = isSelfIssued && (isCa || version === 1)
  const kind = isRoot ? 'root certificate' : isCa ? 'intermediate certificate' : 'leaf certificate'
  return { kind, sha256: keyHash, keyType: keyTypeIn(x509), subject: plain(title), notAfter }
}

function foundKey(kind: 'public key' | 'private key', key: KeyObject): FoundKey {
  const spki = key.export({ type: 'spki', format: 'der' })
  return { kind, sha256: pinOfSpki(spki), keyType: keyTypeOf(key) }
}

function foundPrivateKey(key: { readonly key: string | Buffer }, { name, password }: KeyFile): FoundKey {
  try {
    const privateKey = createPrivateKey({
      ...key,
      ...(password === undefined ? {} : { passphrase: password }),
    } as never)
    return foundKey('private key', createPublicKey(privateKey))
  } catch (error) {
    if (!isEncrypted(key.key)) throw error
    const problem = password === undefined ? 'its private key needs a password' : 'the password is wrong'
    const hint = 'give the password by --password-file or in PINNED_FETCH_PASSWORD'
    throw new CommandError(`${name}: ${problem}`, hint, { cause: error })
  }
}

/** By its form (PEM: RFC 7468 section 11 and the older header; DER: RFC 5958 section 3), since wrong bytes fail anyhow. */
function isEncrypted(key: string | Buffer): boolean {
  if (typeof key === 'string') return /ENCRYPTED/.test(key)
  try {
    const fields = readDer(key, TAG.sequence).fields
    fields.read(TAG.sequence)
    fields.read(TAG.octetString)
    fields.end()
    return true
  } catch {
    return false
  }
}

async function foundRequest(der: Buffer): Promise<FoundKey> {
  const { spki, subject } = await readRequest(der)
  return {
    kind: 'certificate request',
    sha256: pinOfSpki(spki),
    keyType: keyTypeOf(publicKeyOf(spki)),
    subject: plain(subject),
  }
}

function publicKeyOf(spki: Buffer): KeyObject {
  return createPublicKey({ key: spki, format: 'der', type: 'spki' })
}

function derOf(block: string): Buffer {
  return Buffer.from(block.replace(/-----[^-]+-----/g, ''), 'base64')
}

function unreadable({ name }: KeyFile, problem: string, hint: string, cause?: unknown): CommandError {
  return cause instanceof CommandError ? cause : new CommandError(`${name}: ${problem}`, hint, { cause })
}
