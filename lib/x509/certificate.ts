/**
 * One certificate, read (RFC 5280 section 4).
 *
 * `node:crypto` does the cryptography and the host name check; the fields that path validation needs and it does not
 * tell come from our own reader. A certificate that can't be read throws {@link DerError}: the caller drops it.
 *
 * Not here: whether the certificate may be trusted. That takes a path (path.ts).
 */

import { createHash, type KeyObject, type X509Certificate } from 'node:crypto'
import { type NameConstraints, readNameConstraints } from './constraints.ts'
import {
  contextTag,
  DerError,
  type DerReader,
  type DerValue,
  readBoolean,
  readDer,
  readFlags,
  readObjectIdentifier,
  readSmallInteger,
  readTime,
  TAG,
} from './der.ts'
import { isStrongKey } from './key.ts'
import { type ComparableName, comparableName, type GeneralName, readGeneralName } from './name.ts'
import { isStrongSignature } from './signature.ts'

/** KeyUsage bit 5 (RFC 5280 section 4.2.1.3). */
const KEY_CERT_SIGN = 1 << 5

const SERVER_AUTHENTICATION = '1.3.6.1.5.5.7.3.1'
const ANY_EXTENDED_KEY_USAGE = '2.5.29.37.0'

const EXTENSION = {
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  keyUsage: '2.5.29.15',
  extendedKeyUsage: '2.5.29.37',
} as const

/**
 * Critical extensions that may be there without our reading them: certificate policies, their mappings and
 * constraints, which matter only to a client that asks for a policy, and CRL distribution points.
 */
const TOLERATED_CRITICAL = new Set(['2.5.29.32', '2.5.29.33', '2.5.29.36', '2.5.29.54', '2.5.29.31'])

/** Longest title, in characters: a name may be 100 kB long, and titles go into messages and log lines. */
const MAX_TITLE = 200

interface Extension {
  readonly critical: boolean
  readonly value: Buffer
}

export class Certificate {
  readonly x509: X509Certificate
  readonly der: Buffer
  readonly version: number
  readonly issuer: ComparableName
  readonly subject: ComparableName
  /** First instant of validity, ms since the epoch. */
  readonly notBefore: number
  /** Last instant of validity, ms since the epoch: the whole of the second that the certificate names counts. */
  readonly notAfter: number
  /** Base64 SHA-256 of the SubjectPublicKeyInfo exactly as encoded (RFC 7469 section 2.4). */
  readonly keyHash: string
  /** Whether the signature over this certificate uses an algorithm that still resists forgery. */
  readonly stronglySigned: boolean
  readonly isCa: boolean
  readonly pathLength: number | undefined
  readonly nameConstraints: NameConstraints | undefined
  /** A critical extension that this reader does not process; such a certificate must be refused (section 4.2). */
  readonly unknownCritical: string | undefined
  readonly #keyInfo: DerValue
  readonly #keyUsage: number | undefined
  readonly #extendedKeyUsage: readonly string[] | undefined
  readonly #subjectAltName: Buffer | undefined
  #names: readonly GeneralName[] | 'unread' | 'unreadable' = 'unread'

  constructor(x509: X509Certificate) {
    this.x509 = x509
    this.der = x509.raw
    const outer = readDer(this.der, TAG.sequence).fields
    const body = outer.read(TAG.sequence).fields
    const outerAlgorithm = outer.read(TAG.sequence)
    outer.read(TAG.bitString)
    outer.end()

    const version = body.readOptional(contextTag(0, 'constructed'))
    this.version = version === undefined ? 1 : readSmallInteger(readDer(version.content, TAG.integer)) + 1
    body.read(TAG.integer)
    const innerAlgorithm = body.read(TAG.sequence)
    this.stronglySigned = innerAlgorithm.whole.equals(outerAlgorithm.whole) && isStrongSignature(outerAlgorithm)
    this.issuer = comparableName(body.read(TAG.sequence))
    const validity = body.read(TAG.sequence).fields
    this.notBefore = readTime(validity.read())
    this.notAfter = readTime(validity.read()) + 999
    validity.end()
    this.subject = comparableName(body.read(TAG.sequence))
    this.#keyInfo = body.read(TAG.sequence)
    this.keyHash = createHash('sha256').update(this.#keyInfo.whole).digest('base64')

    const extensions = readExtensions(body, this.version)
    const basicConstraints = readBasicConstraints(extensions.get(EXTENSION.basicConstraints))
    this.isCa = basicConstraints.isCa
    this.pathLength = basicConstraints.pathLength
    const keyUsage = extensions.get(EXTENSION.keyUsage)
    this.#keyUsage = keyUsage && readFlags(readDer(keyUsage.value, TAG.bitString))
    const extendedKeyUsage = extensions.get(EXTENSION.extendedKeyUsage)
    this.#extendedKeyUsage = extendedKeyUsage && readObjectIdentifiers(extendedKeyUsage.value)
    const nameConstraints = extensions.get(EXTENSION.nameConstraints)
    this.nameConstraints = nameConstraints && readNameConstraints(nameConstraints.value)
    this.#subjectAltName = extensions.get(EXTENSION.subjectAltName)?.value
    this.unknownCritical = unknownCriticalOf(extensions)
  }

  /** Whether issuer and subject are one name: such a certificate does not count against a path length. */
  get isSelfIssued(): boolean {
    return sameName(this.issuer, this.subject)
  }

  /** For people: the subject on one line. */
  get title(): string {
    const subject = this.x509.subject ?? ''
    const title = subject.slice(0, MAX_TITLE).split('\n').reverse().join(', ')
    return (subject.length > MAX_TITLE ? `${title}…` : title) || '(no subject)'
  }

  /** The public key, or `undefined` when it can't be decoded, is too weak to vouch for anything, or too long to check. */
  get strongKey(): KeyObject | undefined {
    try {
      return isStrongKey(this.#keyInfo) ? this.x509.publicKey : undefined
    } catch {
      return undefined
    }
  }

  /** Whether KeyUsage lets the key sign certificates; an absent extension does. */
  get maySignCertificates(): boolean {
    return this.#keyUsage === undefined || (this.#keyUsage & KEY_CERT_SIGN) !== 0
  }

  /** Whether ExtendedKeyUsage lets the key speak for a TLS server; an absent extension does. */
  get mayServeTls(): boolean {
    const usages = this.#extendedKeyUsage
    return usages === undefined || usages.includes(SERVER_AUTHENTICATION) || usages.includes(ANY_EXTENDED_KEY_USAGE)
  }

  /**
   * All that name constraints of an issuer apply to: the subject and every alternative name; `undefined` when they can't
   * be read. Read once, whatever comes of it: a search asks at every step.
   */
  get names(): readonly GeneralName[] | undefined {
    if (this.#names === 'unread') this.#names = this.#readNames()
    return this.#names === 'unreadable' ? undefined : this.#names
  }

  #readNames(): readonly GeneralName[] | 'unreadable' {
    const subject: GeneralName[] = this.subject.length === 0 ? [] : [{ form: 'directory', value: this.subject }]
    try {
      return this.#subjectAltName === undefined ? subject : [...subject, ...readGeneralNames(this.#subjectAltName)]
    } catch {
      return 'unreadable'
    }
  }

  isValidAt(now: number): boolean {
    return this.notBefore <= now && now <= this.notAfter
  }

  /**
   * Whether an alternative name is `host` (RFC 9525): no fallback to the common name, a wildcard only as the whole
   * leftmost label.
   *
   * @param host canonical: lower case, no trailing dot, IPv6 without brackets
   */
  covers(host: string): boolean {
    if (host.includes(':') || /^[\d.]+$/.test(host)) return this.x509.checkIP(host) !== undefined
    return this.x509.checkHost(host, { subject: 'never', partialWildcards: false }) !== undefined
  }
}

export function sameName(left: ComparableName, right: ComparableName): boolean {
  return left.length === right.length && left.every((relative, index) => right[index] === relative)
}

function readExtensions(body: DerReader, version: number): Map<string, Extension> {
  body.readOptional(contextTag(1, 'primitive'))
  body.readOptional(contextTag(2, 'primitive'))
  const wrapped = body.readOptional(contextTag(3, 'constructed'))
  body.end()
  const extensions = new Map<string, Extension>()
  if (wrapped === undefined) return extensions
  if (version !== 3) throw new DerError('extensions in a certificate that is not version 3')
  for (const extension of readDer(wrapped.content, TAG.sequence).fields.rest()) {
    const fields = extension.fields
    const type = readObjectIdentifier(fields.read(TAG.objectIdentifier))
    const critical = fields.readOptional(TAG.boolean)
    const value = fields.read(TAG.octetString).content
    fields.end()
    if (extensions.has(type)) throw new DerError('an extension that appears twice')
    extensions.set(type, { critical: critical !== undefined && readBoolean(critical), value })
  }
  return extensions
}

/** BasicConstraints ::= SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLenConstraint INTEGER OPTIONAL } */
function readBasicConstraints(extension: Extension | undefined): { isCa: boolean; pathLength: number | undefined } {
  if (extension === undefined) return { isCa: false, pathLength: undefined }
  const fields = readDer(extension.value, TAG.sequence).fields
  const ca = fields.readOptional(TAG.boolean)
  const pathLength = fields.readOptional(TAG.integer)
  fields.end()
  return {
    isCa: ca !== undefined && readBoolean(ca),
    pathLength: pathLength === undefined ? undefined : readSmallInteger(pathLength),
  }
}

function readObjectIdentifiers(value: Buffer): string[] {
  return readDer(value, TAG.sequence).fields.rest().map(readObjectIdentifier)
}

function readGeneralNames(value: Buffer): GeneralName[] {
  return readDer(value, TAG.sequence).fields.rest().map(readGeneralName)
}

function unknownCriticalOf(extensions: ReadonlyMap<string, Extension>): string | undefined {
  const known = new Set<string>(Object.values(EXTENSION))
  for (const [type, { critical }] of extensions) {
    if (critical && !known.has(type) && !TOLERATED_CRITICAL.has(type)) return type
  }
  return undefined
}
