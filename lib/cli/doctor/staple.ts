/**
 * What a stapled OCSP response says of the leaf (RFC 6960 section 4.2.1).
 *
 * Not here: its signature. What is good is told as unverified; what is revoked is bad news from the host itself.
 */

import { contextTag, DerReader, readDer, readTime, TAG } from '../../x509/der.ts'
import type { Staple } from './facts.ts'

const SUCCESSFUL = 0
/** The tags of CertStatus. */
const STATES = new Map<number, Staple['state']>([
  [contextTag(0, 'primitive'), 'good'],
  [contextTag(1, 'constructed'), 'revoked'],
  [contextTag(2, 'primitive'), 'unknown'],
])

export function readStaple(der: Buffer): Staple {
  try {
    return read(der)
  } catch {
    return { state: 'unreadable' }
  }
}

function read(der: Buffer): Staple {
  const outer = new DerReader(readDer(der, TAG.sequence).content)
  // ENUMERATED responseStatus: another one has no response.
  if (outer.read().content[0] !== SUCCESSFUL) return { state: 'unknown' }
  const bytes = new DerReader(readDer(outer.read(contextTag(0, 'constructed')).content, TAG.sequence).content)
  bytes.read(TAG.objectIdentifier)
  const basic = new DerReader(readDer(bytes.read(TAG.octetString).content, TAG.sequence).content)
  const data = new DerReader(basic.read(TAG.sequence).content)
  data.readOptional(contextTag(0, 'constructed'))
  data.read() // responderID
  data.read() // producedAt
  const single = new DerReader(new DerReader(data.read(TAG.sequence).content).read(TAG.sequence).content)
  single.read(TAG.sequence) // certID
  const state = STATES.get(single.read().tag) ?? 'unknown'
  const thisUpdate = readTime(single.read(TAG.generalizedTime))
  const next = single.readOptional(contextTag(0, 'constructed'))
  return { state, thisUpdate, ...(next === undefined ? {} : { nextUpdate: readTime(readDer(next.content)) }) }
}
