/**
 * The trust anchors a socket used, findable by name (RFC 5280 section 6.1.1).
 *
 * A server need not send its root, so the last step of a path is looked up here. Reading the 120-odd roots that Node
 * ships takes tens of milliseconds in a new environment. So nothing is read before the first look-up, then of each the
 * subject alone, and the whole of those that are asked for.
 *
 * Not here: which set a host uses (net/trust.ts).
 */

import { createHash, X509Certificate } from 'node:crypto'
import { Certificate } from './certificate.ts'
import { contextTag, DerReader, TAG } from './der.ts'
import { type ComparableName, comparableName } from './name.ts'

const PEM_CERTIFICATE =
  /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g

/** Every certificate of a PEM text, each as a PEM block of its own. */
export function splitPem(text: string): readonly string[] {
  return text.match(PEM_CERTIFICATE) ?? []
}

export class TrustSet {
  /** Digest of the set: the same anchors in any order, given once or twice, are the same set. */
  readonly id: string
  readonly #pems: readonly string[]
  #bySubject: Map<string, Anchor[]> | undefined

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
    this.#bySubject ??= indexBySubject(this.#pems)
    const anchors = this.#bySubject.get(nameKey(subject)) ?? []
    return distinct(anchors.flatMap((anchor) => anchor.certificate ?? []))
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

function indexBySubject(pems: readonly string[]): Map<string, Anchor[]> {
  const index = new Map<string, Anchor[]>()
  for (const pem of pems) {
    const anchor = new Anchor(pem)
    const subject = readSubject(pem) ?? anchor.certificate?.subject
    if (subject === undefined) continue
    const key = nameKey(subject)
    const known = index.get(key)
    if (known === undefined) index.set(key, [anchor])
    else known.push(anchor)
  }
  return index
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
    const [, base64 = ''] = pem.split(/-----(?:BEGIN|END)[^-]*-----/)
    // What follows the certificate (OpenSSL's "TRUSTED CERTIFICATE") is not looked at.
    const whole = new DerReader(Buffer.from(base64, 'base64')).read(TAG.sequence)
    const body = new DerReader(new DerReader(whole.content).read(TAG.sequence).content)
    body.readOptional(contextTag(0, 'constructed'))
    body.read(TAG.integer)
    for (const _ of ['signature', 'issuer', 'validity']) body.read(TAG.sequence)
    return comparableName(body.read(TAG.sequence).whole)
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
