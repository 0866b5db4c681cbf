/**
 * The trust anchors a socket used, findable by name (RFC 5280 section 6.1.1).
 *
 * A server need not send its root, so the last step of a path is looked up here. Reading the 120-odd roots that Node
 * ships takes milliseconds, so nothing is read before the first look-up.
 *
 * Not here: which set a host uses (net/trust.ts).
 */

import { createHash, X509Certificate } from 'node:crypto'
import { Certificate } from './certificate.ts'
import type { ComparableName } from './name.ts'

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
  #bySubject: Map<string, Certificate[]> | undefined

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
    return this.#bySubject.get(nameKey(subject)) ?? []
  }

  /** Whether this very certificate is an anchor. */
  has(certificate: Certificate): boolean {
    return this.named(certificate.subject).some((anchor) => anchor.der.equals(certificate.der))
  }
}

function indexBySubject(pems: readonly string[]): Map<string, Certificate[]> {
  const index = new Map<string, Certificate[]>()
  for (const pem of pems) {
    const certificate = readAnchor(pem)
    if (certificate === undefined) continue
    const key = nameKey(certificate.subject)
    const known = index.get(key)
    if (known === undefined) index.set(key, [certificate])
    else if (!known.some((other) => other.der.equals(certificate.der))) known.push(certificate)
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

/** Made once for each name: a search asks for the same one at every step, and it may be long. */
const keys = new WeakMap<ComparableName, string>()

function nameKey(name: ComparableName): string {
  const known = keys.get(name)
  if (known !== undefined) return known
  const key = JSON.stringify(name)
  keys.set(name, key)
  return key
}
