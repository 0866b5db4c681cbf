import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { after, describe, it } from 'node:test'
import type { Held } from '../support/authority.ts'
import { type OpensslAnswer, OpensslVerify } from './openssl-verify.ts'
import { ask, HOST, linesOf } from './question.ts'
import { Random } from './random.ts'
import { type RandomPki, randomPki } from './random-pki.ts'

const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_124)

const GRAPHS = 200

/** Processes of openssl at once. */
const AT_ONCE = 4

/** One PKI, and what each of the two made of it. */
interface Case {
  readonly number: number
  /** The paths that we found, and why there are no more. */
  readonly ours: readonly string[]
  readonly reason: string
  /** OpenSSL's answer to the same question. */
  readonly openssl: OpensslAnswer
  /** The chains that openssl accepts when it is given their certificates and no others. */
  readonly confirmed: readonly string[]
  /** The chains in which two CAs have one name: openssl chooses by the name alone, and may lose its way in them. */
  readonly ambiguous: readonly string[]
}

async function caseOf(number: number, openssl: OpensslVerify): Promise<Case> {
  const { presented, anchors } = await randomPki(new Random(SEED + number))
  const now = Date.now()
  const result = ask(presented, { anchors, now })
  const confirmed: string[] = []
  const chains = possibleChains({ presented, anchors })
  for (const chain of chains) {
    const [leaf = '', ...issuers] = chain.map(({ certificate }) => certificate)
    const leafAlone = issuers.length === 0 ? [leaf] : issuers.slice(-1)
    const alone = { leaf, untrusted: issuers.slice(0, -1), anchors: leafAlone, host: HOST, now }
    if ((await openssl.ask(alone)).accepted) confirmed.push(fingerprints(chain))
  }
  const [leaf = '', ...untrusted] = presented.map(({ certificate }) => certificate)
  const all = { leaf, untrusted, anchors: anchors.map(({ certificate }) => certificate), host: HOST, now }
  return {
    number,
    ours: (result.verified?.paths ?? []).map(({ certificates }) => fingerprints(certificates)),
    reason: result.verified === undefined ? result.reason : linesOf(result).join('; '),
    openssl: await openssl.ask(all),
    confirmed,
    ambiguous: chains.filter(hasNamesakes).map(fingerprints),
  }
}

/**
 * Every chain from the leaf to an anchor in which each certificate is named and signed by the next, and no name with
 * its key stands twice. Whether such a chain may be trusted is not asked here.
 */
function possibleChains({ presented, anchors }: RandomPki): Held[][] {
  const isAnchor = (held: Held) => anchors.some(({ der }) => der.equals(held.der))
  const strangers = presented.slice(1).filter((held) => !isAnchor(held))
  const found: Held[][] = []
  const extend = (chain: readonly Held[], last: Held) => {
    if (isAnchor(last)) found.push([...chain])
    for (const issuer of [...anchors, ...strangers]) {
      if (chain.some(({ subject, pin }) => subject === issuer.subject && pin === issuer.pin)) continue
      if (isSignedBy(last, issuer)) extend([...chain, issuer], issuer)
    }
  }
  const [leaf] = presented
  if (leaf !== undefined) extend([leaf], leaf)
  return found
}

function isSignedBy(subject: Held, issuer: Held): boolean {
  const certificate = new X509Certificate(subject.der)
  return certificate.issuer === new X509Certificate(issuer.der).subject && certificate.verify(issuer.keys.publicKey)
}

function hasNamesakes(chain: readonly Held[]): boolean {
  return new Set(chain.map(({ subject }) => subject)).size < chain.length
}

function fingerprints(chain: readonly { readonly der: Buffer }[]): string {
  return chain.map(({ der }) => createHash('sha256').update(der).digest('hex').slice(0, 8)).join(' < ')
}

async function allCases(): Promise<Case[]> {
  const openssl = new OpensslVerify()
  after(() => openssl[Symbol.dispose]())
  const numbers = Array.from({ length: GRAPHS }, (_, index) => index)
  const cases: Case[] = []
  const work = async () => {
    for (let number = numbers.shift(); number !== undefined; number = numbers.shift()) {
      cases.push(await caseOf(number, openssl))
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return cases
}

const toldApart = ({ number, reason, openssl }: Case) =>
  `graph ${number}: we say "${reason}", openssl says "${openssl.said}"`

describe(`for ${GRAPHS} random PKIs (seed ${SEED})`, async () => {
  const cases = await allCases()
  const accepted = cases.filter(({ ours }) => ours.length > 0)

  it('there is enough to agree about', (test) => {
    const found = accepted.reduce((sum, { ours }) => sum + ours.length, 0)
    test.diagnostic(`${accepted.length} accepted with ${found} paths, ${cases.length - accepted.length} refused`)
    assert.ok(accepted.length >= GRAPHS / 5 && accepted.length <= (GRAPHS * 4) / 5)
    assert.ok(accepted.some(({ ours }) => ours.length > 1))
  })

  it('what openssl accepts, we accept', () => {
    assert.deepEqual(cases.filter(({ ours, openssl }) => openssl.accepted && ours.length === 0).map(toldApart), [])
  })

  it('we find exactly the paths that openssl accepts when it is given their certificates and no others', () => {
    for (const one of cases) {
      const unconfirmed = one.ours.filter((path) => !one.confirmed.includes(path) && !one.ambiguous.includes(path))
      const missed = one.confirmed.filter((path) => !one.ours.includes(path))
      assert.deepEqual({ unconfirmed, missed }, { unconfirmed: [], missed: [] }, toldApart(one))
    }
  })

  it('what we accept and openssl refuses, it refuses only because it never goes back from a dead branch', (test) => {
    const more = accepted.filter(({ openssl }) => !openssl.accepted)
    for (const one of more) assert.ok(one.confirmed.length + one.ambiguous.length > 0, toldApart(one))
    test.diagnostic(`in ${more.length} of ${accepted.length} accepted graphs openssl took a dead branch`)
  })
})
