/**
 * Small public key infrastructures at random: CAs that sign and cross-sign each other in any direction, some of them
 * expired, without the CA bit, constrained, of one name with another, or with a signature that is broken.
 *
 * The seed decides everything but the keys, so a run comes again. Anchors are always self-signed: OpenSSL takes no
 * other without its partial chain flag.
 */

import {
  type CertificateSpec,
  CLIENT_AUTHENTICATION,
  generateKeys,
  type Held,
  type KeyPair,
  KeyUsageFlags,
  leafOf,
  mint,
  withBrokenSignature,
} from '../support/authority.ts'
import { HOST } from './question.ts'
import type { Random } from './random.ts'

export interface RandomPki {
  /** The leaf first. */
  readonly presented: readonly Held[]
  readonly anchors: readonly Held[]
}

/** A name and a key; its certificates are many. */
interface Authority {
  readonly subject: string
  readonly keys: KeyPair
  /** Self-signed, and perhaps trusted. */
  readonly root: Held
}

const EXPIRED = { notBefore: new Date('2020-01-01'), notAfter: new Date('2021-01-01') }
const UNBORN = { notBefore: new Date('2100-01-01'), notAfter: new Date('2101-01-01') }

/** What may be wrong with a CA certificate, or at least special, and how often. */
const TWISTS: readonly (readonly [probability: number, twist: (random: Random) => CertificateSpec])[] = [
  [0.12, () => EXPIRED],
  [0.03, () => UNBORN],
  [0.07, () => ({ ca: false })],
  [0.15, (random) => ({ pathLength: random.below(3) })],
  [0.04, () => ({ keyUsage: KeyUsageFlags.digitalSignature })],
  [0.06, () => ({ keyUsage: 'none' })],
  [0.04, () => ({ extendedKeyUsage: [CLIENT_AUTHENTICATION] })],
  [0.05, () => ({ nameConstraints: { permitted: ['test'] } })],
  [0.05, () => ({ nameConstraints: { permitted: ['b.test'] } })],
  [0.04, () => ({ nameConstraints: { excluded: [HOST] } })],
  [0.03, () => ({ hash: 'SHA-1' })],
  [0.03, () => ({ extraExtensions: [{ oid: '1.2.3.4', critical: true, der: Buffer.of(5, 0) }] })],
  [0.06, () => ({ subjectKeyId: 'none', authorityKeyId: 'none' })],
]

const LEAF_TWISTS: typeof TWISTS = [
  [0.04, () => EXPIRED],
  [0.04, () => ({ names: ['b.test'] })],
  [0.03, () => ({ extendedKeyUsage: [CLIENT_AUTHENTICATION] })],
  [0.04, () => ({ hash: 'SHA-1' })],
]

/** Probability that a signature is broken after all. */
const BROKEN = 0.04

export async function randomPki(random: Random): Promise<RandomPki> {
  const authorities: Authority[] = []
  const count = 2 + random.below(4)
  for (let index = 0; index < count; index++) authorities.push(await authorityOf(random, index))
  const crossSigns: Held[] = []
  for (let rest = random.below(9); rest > 0; rest--) {
    const subject = random.pick(authorities)
    const issuer = random.pick(authorities)
    crossSigns.push(await certificateOf(random, subject, issuer))
  }
  const leaf = perhapsBroken(random, await leafOf(random.pick(authorities).root, [HOST], twisted(random, LEAF_TWISTS)))
  const roots = authorities.map(({ root }) => root)
  const anchors = random.shuffled(roots).slice(0, 1 + random.below(2))
  const others = [...crossSigns, ...roots.filter(() => random.chance(0.3))].filter(() => random.chance(0.85))
  return { presented: [leaf, ...random.shuffled(others)], anchors }
}

async function authorityOf(random: Random, index: number): Promise<Authority> {
  const subject = `CN=CA ${random.chance(0.12) ? 0 : index}`
  const keys = await generateKeys('p256')
  return { subject, keys, root: await mint({ subject, keys, ca: true, ...twisted(random, TWISTS) }) }
}

async function certificateOf(random: Random, subject: Authority, issuer: Authority): Promise<Held> {
  const spec = {
    subject: subject.subject,
    keys: subject.keys,
    ca: true,
    issuer: issuer.root,
    ...twisted(random, TWISTS),
  }
  return perhapsBroken(random, await mint(spec))
}

function perhapsBroken(random: Random, held: Held): Held {
  return random.chance(BROKEN) ? withBrokenSignature(held) : held
}

function twisted(random: Random, twists: typeof TWISTS): CertificateSpec {
  const spec: CertificateSpec = Object.assign(
    {},
    ...twists.map(([probability, twist]) => (random.chance(probability) ? twist(random) : {})),
  )
  // A path length without the CA bit is invalid as such, to OpenSSL.
  const { pathLength: _, ...rest } = spec
  return spec.ca === false ? rest : spec
}
