import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { RecordedTrust } from '../../lib/cli/replay/recorded-trust.ts'
import { parsePolicy } from '../../lib/policy/document.ts'
import { Certificate } from '../../lib/x509/certificate.ts'
import { intermediateOf, leafOf, rootAuthority } from '../support/authority.ts'
import { playTranscript, runCommand } from './transcript.ts'

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url))

/** Chains that 14 hosts really served, 2023-11 to 2026-03. */
const ROTATION = '../shared/data/chains/rotation'

const day = (text: string) => new Date(`${text}T00:00:00Z`)

describe('pinned-fetch replay', () => {
  it('as in replay.txt', async () => {
    const long = { notBefore: day('2023-01-01'), notAfter: day('2033-01-01') }
    const root = await rootAuthority('Partner Root', long)
    const first = await intermediateOf(root, 'Partner CA 1', long)
    const second = await intermediateOf(root, 'Partner CA 2', long)
    const chain = async (issuer: typeof root, from: string, name = 'api.partner.test') => {
      const notBefore = day(from)
      const notAfter = new Date(notBefore.getTime() + 398 * 86_400_000)
      const leaf = await leafOf(issuer, [name], { notBefore, notAfter })
      return [leaf, issuer, root].map(({ certificate }) => certificate).join('\n')
    }
    const variables = {
      CA1_PIN: first.pin,
      CA2_PIN: second.pin,
      STRANGER: JSON.stringify((await rootAuthority('Stranger Root', long)).certificate),
      CHAIN_A: await chain(first, '2024-05-20'),
      CHAIN_B: await chain(first, '2024-10-20'),
      CHAIN_C: await chain(second, '2025-02-20'),
      CHAIN_D: await chain(first, '2026-02-20'),
      CHAIN_E: await chain(first, '2026-01-01', 'other.test'),
    }
    await playTranscript(new URL('replay.txt', import.meta.url), { variables })
  })
})

describe('what a recorded chain is verified up to', () => {
  it('is told apart by every anchor of an entry, and is the roots of Node and its own otherwise', async () => {
    const [one, two, last] = await Promise.all(['One', 'Two', 'Last'].map((name) => rootAuthority(name)))
    assert.ok(one !== undefined && two !== undefined && last !== undefined)
    const trust = new RecordedTrust()
    const entry = (first: typeof one) => {
      const anchors = [first, last].map(({ certificate }) => certificate)
      const policy = parsePolicy({ version: 1, hosts: { 'a.test': { pins: [first.pin], anchors } } })
      return policy.hosts.find('a.test', 443)
    }
    const read = ({ certificate }: typeof one) => new Certificate(new X509Certificate(certificate))
    assert.equal(trust.for([], entry(one)).has(read(one)), true)
    assert.equal(trust.for([], entry(two)).has(read(two)), true)
    assert.equal(trust.for([], entry(two)).has(read(one)), false)
    assert.equal(trust.for([read(one).x509], undefined).has(read(one)), true)
    assert.equal(trust.for([read(two).x509], undefined).has(read(one)), false)
    assert.equal(trust.for([], undefined).has(read(one)), false)
  })
})

describe('the rotation of 14 hosts over 28 months', () => {
  const isThere = existsSync(`${REPOSITORY}${ROTATION}`)
  const skip = isThere ? false : `${ROTATION} is not there: 279 real chains are not played`

  it('breaks what pins leaves at every renewal, and what pins roots eight times', { skip }, async () => {
    const { stdout, exitCode } = await runCommand(`pinned-fetch replay --strategy all ${ROTATION} --json`, REPOSITORY)
    assert.equal(exitCode, 0)
    type Host = { readonly host: string; readonly [key: string]: number | string }
    const played: Readonly<Record<string, readonly Host[]>> = JSON.parse(stdout)
    const total = (strategy: string, key: string) =>
      (played[strategy] ?? []).reduce((sum, host) => sum + Number(host[key]), 0)
    const table = Object.fromEntries(
      Object.keys(played).map((strategy) => [
        strategy,
        ['chains', 'invalid', 'refused', 'repairs'].map((key) => total(strategy, key)),
      ]),
    )
    assert.deepEqual(table, {
      leaf: [279, 1, 264, 264],
      issuer: [279, 1, 155, 28],
      root: [279, 1, 70, 8],
      mixed: [279, 1, 70, 8],
    })
    assert.equal(played['root']?.length, 14)
  })

  it('is played in a policy of one host too', { skip }, async () => {
    const { stdout, exitCode } = await runCommand(
      `pinned-fetch replay --strategy root ${ROTATION}/google.com`,
      REPOSITORY,
    )
    assert.equal(exitCode, 0)
    assert.match(stdout, /^google\.com +38 +839 +2 \/ 1$/m)
  })
})
