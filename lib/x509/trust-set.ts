/**
 * The trust anchors a socket used, findable by name (RFC 5280 section 6.1.1).
 *
 * A server need not send its root, so the last step of a path is looked up here. Reading the 120-odd roots that Node
 * ships takes tens of milliseconds in a new environment. So of each the subject alone is read, ahead of the first look-up
 * where the process has nothing else to do, and the whole of those that are asked for.
 *
 * Not here: which set a host uses (net/trust.ts).
 */

import { createHash, X509Certificate } from 'node:crypto'
import { Certificate } from './certificate.ts'
import { contextTag, DerReader, TAG } from './der.ts'
import { type ComparableName, comparableName } from './name.ts'

const PEM_CERTIFICATE =
  /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g

const DASHES = '-----'

/** Every certificate of a PEM text, each as a PEM block of its own. */
export function splitPem(text: string): readonly string[] {
  return text.match(PEM_CERTIFICATE) ?? []
}

export class TrustSet {
  /** Digest of the set: the same anchors in any order, given once or twice, are the same set. */
  readonly id: string
  readonly #pems: readonly string[]
  readonly #bySubject = new Map<string, Anchor[]>()
  /** How many of `#pems` are in `#bySubject`. */
  #indexed = 0

  /** @param pems PEM texts, each of one or more certificates; a block that can't be read anchors nothing */
  constructor(pems: readonly string[]) {
    this.#pems = pems.flatMap(splitPem)
    const digest = createHash('sha256')
    for (const pem of [...new Set(this.#pems)].sort()) digest.update(pem)
    this.id = digest.digest('base64')
  }

  /** How many anchors the set was given. */
  get size(): number {
    return this.#pems.length
  }

  /** The anchors with this subject. */
  named(subject: ComparableName): readonly Certificate[] {
    this.readAhead(this.#pems.length)
    const anchors = this.#bySubject.get(nameKey(subject)) ?? []
    return distinct(anchors.flatMap((anchor) => anchor.certificate ?? []))
  }

  /** Reads the subjects of the next `count` anchors. @returns whether there are more */
  readAhead(count: number): boolean {
    const end = Math.min(this.#indexed + count, this.#pems.length)
    while (this.#indexed < end) this.#index(this.#pems[this.#indexed++] ?? '')
    return end < this.#pems.length
  }

  #index(pem: string): void {
    const anchor = new Anchor(pem)
    const subject = readSubject(pem) ?? anchor.certificate?.subject
    if (subject === undefined) return
    const key = nameKey(subject)
    const known = this.#bySubject.get(key)
    if (known === undefined) this.#bySubject.set(key, [anchor])
    else known.push(anchor)
  }

  /** Whether this very certificate is an anchor. */
  has(certificate: Certificate): boolean {
    return this.named(certificate.subject).some((anchor) => anchor.der.equals(certificate.der))
  }
}

/** One certificate of the set, read when it is asked for. */
class Anchor {
  readonly #pem: string
  #certificate: Certificate | undefined | 'unread' = 'unread'

  constructor(pem: string) {
    this.#pem = pem
  }

  /** `undefined`: it can't be read. */
  get certificate(): Certificate | undefined {
    if (this.#certificate === 'unread') this.#certificate = readAnchor(this.#pem)
    return this.#certificate
  }
}

function readAnchor(pem: string): Certificate | undefined {
  try {
    return new Certificate(new X509Certificate(pem))
  } catch {
    return undefined
  }
}

/** The subject, past the fields that stand before it (RFC 5280 section 4.1); `undefined`: it is none of the usual form. */
function readSubject(pem: string): ComparableName | undefined {
  try {
    const base64 = pem.slice(pem.indexOf(DASHES, DASHES.length) + DASHES.length, pem.lastIndexOf(`${DASHES}END`))
    // What follows the certificate (OpenSSL's "TRUSTED CERTIFICATE") is not looked at.
    const certificate = new DerReader(Buffer.from(base64, 'base64')).read(TAG.sequence)
    const { fields } = certificate.fields.read(TAG.sequence)
    fields.readOptional(contextTag(0, 'constructed'))
    fields.read(TAG.integer)
    for (const _ of ['signature', 'issuer', 'validity']) fields.read(TAG.sequence)
    return comparableName(fields.read(TAG.sequence))
  } catch {
    return undefined
  }
}

function distinct(certificates: readonly Certificate[]): readonly Certificate[] {
  return certificates.filter(
    (certificate, index) => certificates.findIndex(({ der }) => der.equals(certificate.der)) === index,
  )
}

/** Made once for each name: a search asks for the same one at every step, and it may be long. */
const keys = new WeakMap<ComparableName, string>()

function nameKey(name: ComparableName): string {
  const known = keys.get(name)
  if (known !== undefined) return known
  const key = JSON.stringify(name)
  keys.set(name, key)
  return key
}
