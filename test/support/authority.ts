/**
 * Mints certificates in-process, honest ones and lying ones (the idea of OkHttp's HeldCertificate).
 *
 * Nothing here checks that what is asked for makes sense: same-name fakes, expired certificates, mutual cross-signs,
 * signers without the CA bit and junk signatures are what the attack tests are made of.
 */

import 'reflect-metadata'
import { createHash, type KeyObject, randomBytes, X509Certificate } from 'node:crypto'
import { AsnConvert } from '@peculiar/asn1-schema'
import { Certificate, Name, SubjectPublicKeyInfo, TBSCertificate, Time, Validity } from '@peculiar/asn1-x509'
import { Name as ReadableName } from '@peculiar/x509'
import {
  type ConstrainedNames,
  defaultKeyUsage,
  defaultSubjectKeyId,
  extensionsOf,
  type RawExtension,
  SERVER_AUTHENTICATION,
  statedSubjectKeyId,
} from './certificate-extensions.ts'
import { generateKeys, type KeyKind, type KeyPair, type SignatureOptions, signerOf } from './key-pair.ts'

export { KeyUsageFlags } from '@peculiar/asn1-x509'
export { CLIENT_AUTHENTICATION, SERVER_AUTHENTICATION } from './certificate-extensions.ts'
export { generateKeys, type HashName, type KeyKind, type KeyPair, keptKeys } from './key-pair.ts'

/** A certificate together with its private key. */
export interface Held {
  /** PEM. */
  readonly certificate: string
  readonly der: Buffer
  /** PKCS#8 PEM. */
  readonly privateKey: string
  /** `sha256/<base64 of SHA-256 of the SubjectPublicKeyInfo>`, by node:crypto. */
  readonly pin: string
  readonly subject: string
  /** Give it to `keys` of another certificate: a renewal, a cross-sign. */
  readonly keys: KeyPair
}

export interface CertificateSpec extends SignatureOptions {
  /** "CN=...". Unset: "CN=" and the first name, or a made-up one. */
  readonly subject?: string
  /** Unset: self-signed. */
  readonly issuer?: Held
  /** A lie about the issuer's name. */
  readonly issuerName?: string
  readonly keys?: KeyPair | Held
  /** Unset: p256. */
  readonly kind?: KeyKind
  /** Unset: no basicConstraints at all; false: basicConstraints without the CA bit. */
  readonly ca?: boolean
  readonly pathLength?: number
  /** A number: `KeyUsageFlags`, or-ed. */
  readonly keyUsage?: 'default' | 'none' | number
  readonly extendedKeyUsage?: readonly string[]
  /** DNS names and addresses. */
  readonly names?: readonly string[]
  /** Unset: a day ago. */
  readonly notBefore?: Date
  /** Unset: in a year. */
  readonly notAfter?: Date
  /** A `Held`: its subject key id, a lie. */
  readonly authorityKeyId?: 'default' | 'none' | Held
  /** A `Held`: a copy of its subject key id. */
  readonly subjectKeyId?: 'default' | 'none' | Held
  /** Signs with this key instead of the issuer's: a signature that does not verify. */
  readonly signWith?: Held
  /** Hexadecimal, positive. Unset: random. */
  readonly serial?: string
  readonly nameConstraints?: ConstrainedNames
  readonly extraExtensions?: readonly RawExtension[]
  /** An X.509 version 1 certificate: no extensions. */
  readonly version1?: boolean
}

const DAY_MS = 86_400_000

let minted = 0

export async function mint(spec: CertificateSpec): Promise<Held> {
  const keys = await keysOf(spec)
  const subject = spec.subject ?? `CN=${spec.names?.[0] ?? `minted ${++minted}`}`
  const issuer = spec.issuer && AsnConvert.parse(spec.issuer.der, Certificate).tbsCertificate
  const issuerKeys = spec.issuer?.keys ?? keys
  const signer = signerOf(spec.signWith?.keys ?? issuerKeys, spec)
  const subjectPublicKeyInfo = AsnConvert.parse(publicKeyInfo(keys.publicKey), SubjectPublicKeyInfo)
  const body = new TBSCertificate({
    version: spec.version1 ? 0 : 2,
    serialNumber: serialNumber(spec.serial),
    signature: signer.algorithm,
    issuer: spec.issuerName === undefined ? (issuer?.subject ?? nameOf(subject)) : nameOf(spec.issuerName),
    validity: validityOf(spec),
    subject: nameOf(subject),
    subjectPublicKeyInfo,
    ...(spec.version1 ? {} : { extensions: extensionsFor(spec, subjectPublicKeyInfo, issuer) }),
  })
  const signature = signer.sign(Buffer.from(AsnConvert.serialize(body)))
  const certificate = new Certificate({
    tbsCertificate: body,
    signatureAlgorithm: signer.algorithm,
    signatureValue: arrayBufferOf(signature),
  })
  return hold(Buffer.from(AsnConvert.serialize(certificate)), subject, keys)
}

export function rootAuthority(name: string, options: CertificateSpec = {}): Promise<Held> {
  return mint({ subject: `CN=${name}`, ca: true, ...options })
}

export function intermediateOf(issuer: Held, name: string, options: CertificateSpec = {}): Promise<Held> {
  return mint({ subject: `CN=${name}`, ca: true, issuer, ...options })
}

export function leafOf(issuer: Held, names: readonly string[], options: CertificateSpec = {}): Promise<Held> {
  return mint({ names, ca: false, extendedKeyUsage: [SERVER_AUTHENTICATION], issuer, ...options })
}

/** What a TLS server presents: the leaf's key, and the leaf followed by `others` in exactly this order. */
export function presented(leaf: Held, ...others: readonly Held[]): { key: string; chain: string[] } {
  return { key: leaf.privateKey, chain: [leaf, ...others].map((held) => held.certificate) }
}

/** Flips one bit of the signature: everything else stays as it was. */
export function withBrokenSignature(held: Held): Held {
  const der = Buffer.from(held.der)
  const last = der.length - 1
  der.writeUInt8(der.readUInt8(last) ^ 1, last)
  return hold(der, held.subject, held.keys)
}

export function pinOf(key: KeyObject): string {
  return `sha256/${createHash('sha256').update(publicKeyInfo(key)).digest('base64')}`
}

export function publicKeyInfo(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' })
}

function hold(der: Buffer, subject: string, keys: KeyPair): Held {
  return {
    certificate: new X509Certificate(der).toString(),
    der,
    privateKey: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    pin: pinOf(keys.publicKey),
    subject,
    keys,
  }
}

async function keysOf(spec: CertificateSpec): Promise<KeyPair> {
  if (!spec.keys) return generateKeys(spec.kind ?? 'p256')
  return 'keys' in spec.keys ? spec.keys.keys : spec.keys
}

function extensionsFor(spec: CertificateSpec, own: SubjectPublicKeyInfo, issuer: TBSCertificate | undefined) {
  const { keyUsage = 'default', subjectKeyId = 'default', authorityKeyId = 'default' } = spec
  return extensionsOf({
    ca: spec.ca,
    pathLength: spec.pathLength,
    keyUsage: keyUsage === 'default' ? defaultKeyUsage(spec.ca) : keyUsage === 'none' ? undefined : keyUsage,
    extendedKeyUsage: spec.extendedKeyUsage ?? [],
    names: spec.names ?? [],
    subjectKeyId: keyIdFor(subjectKeyId, () => defaultSubjectKeyId(own)),
    authorityKeyId: keyIdFor(authorityKeyId, () => statedSubjectKeyId(issuer?.extensions)),
    nameConstraints: spec.nameConstraints,
    extra: spec.extraExtensions ?? [],
  })
}

function keyIdFor(choice: 'default' | 'none' | Held, honest: () => Buffer | undefined): Buffer | undefined {
  if (choice === 'none') return undefined
  if (choice === 'default') return honest()
  const copied = AsnConvert.parse(choice.der, Certificate).tbsCertificate
  return statedSubjectKeyId(copied.extensions) ?? defaultSubjectKeyId(copied.subjectPublicKeyInfo)
}

function nameOf(text: string): Name {
  return AsnConvert.parse(new ReadableName(text).toArrayBuffer(), Name)
}

function validityOf({ notBefore, notAfter }: CertificateSpec): Validity {
  const validity = new Validity()
  validity.notBefore = new Time(notBefore ?? new Date(Date.now() - DAY_MS))
  validity.notAfter = new Time(notAfter ?? new Date(Date.now() + 365 * DAY_MS))
  return validity
}

function serialNumber(hexadecimal = `4d${randomBytes(15).toString('hex')}`): ArrayBuffer {
  const bytes = Buffer.from(hexadecimal, 'hex')
  return arrayBufferOf(bytes.readUInt8(0) < 0x80 ? bytes : Buffer.concat([Buffer.of(0), bytes]))
}

function arrayBufferOf(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer
}
