import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import { Certificate } from '../../lib/x509/certificate.ts'
import { readNameConstraints } from '../../lib/x509/constraints.ts'
import {
  DerError,
  DerReader,
  readBoolean,
  readDer,
  readFlags,
  readObjectIdentifier,
  readSmallInteger,
  readTime,
} from '../../lib/x509/der.ts'
import { readGeneralName, readName } from '../../lib/x509/name.ts'
import { isStrongSignature } from '../../lib/x509/signature.ts'
import { intermediateOf, keptKeys, leafOf, rootAuthority } from '../support/authority.ts'
import { Random } from './random.ts'

const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_124)

/** Mutations per certificate, and random inputs per reader. */
const ROUNDS = 4_000

const root = await rootAuthority('Fuzzed Root', { keys: await keptKeys('rsa-pss') })
const constrained = await intermediateOf(root, 'Fuzzed CA', {
  pathLength: 1,
  nameConstraints: { permitted: ['fuzz.test', '10.0.0.0/8'], excluded: ['bad.fuzz.test'] },
})
const leaf = await leafOf(constrained, ['a.fuzz.test', '*.fuzz.test', '10.1.2.3', '::1'])

/** Runs a reader, and lets nothing pass but what it returns and the one error that it may throw. */
function read(reader: () => unknown, input: Buffer): 'read' | 'refused' {
  try {
    reader()
    return 'read'
  } catch (error) {
    if (error instanceof DerError) return 'refused'
    throw new Error(`seed ${SEED}: ${input.toString('hex')}`, { cause: error })
  }
}

/** A few bytes changed, cut out, doubled or put in: most of it stays a certificate. */
function mutated(original: Buffer, random: Random): Buffer {
  const bytes = Buffer.from(original)
  for (let count = 1 + random.below(3); count > 0; count--) {
    bytes[random.below(bytes.length)] = random.chance(0.5) ? random.below(256) : random.pick([0, 1, 0x7f, 0x80, 0xff])
  }
  if (random.chance(0.8)) return bytes
  const at = random.below(bytes.length)
  const length = random.below(8)
  const middle = random.chance(0.5)
    ? random.bytes(length)
    : Buffer.concat([bytes.subarray(at, at + length), bytes.subarray(at, at + length)])
  return Buffer.concat([bytes.subarray(0, at), middle, bytes.subarray(at + length)])
}

describe(`bytes that are almost a certificate (seed ${SEED})`, () => {
  for (const [what, held] of Object.entries({ root, constrained, leaf })) {
    it(`are read or refused, never anything else: ${ROUNDS} mutations of the ${what}`, () => {
      const random = new Random(SEED)
      const outcomes = { read: 0, refused: 0, unreadableToNode: 0 }
      for (let round = 0; round < ROUNDS; round++) {
        const input = mutated(held.der, random)
        const x509 = parsedByNode(input)
        if (x509 === undefined) outcomes.unreadableToNode += 1
        else outcomes[read(() => readEverything(x509), input)] += 1
      }
      assert.ok(outcomes.read > 100 && outcomes.refused > 100, JSON.stringify(outcomes))
    })
  }

  it('are refused at every length short of the whole', () => {
    for (const { der } of [root, constrained, leaf]) {
      for (let end = 0; end < der.length; end++) {
        const input = der.subarray(0, end)
        assert.equal(
          read(() => readDer(input), input),
          'refused',
        )
      }
    }
  })
})

describe(`bytes that are nothing (seed ${SEED})`, () => {
  const readers: Record<string, (input: Buffer) => unknown> = {
    'a value': (input) => readDer(input),
    'a list': (input) => [...new DerReader(input).rest()],
    'a BOOLEAN': (input) => readBoolean(readDer(input)),
    'an INTEGER': (input) => readSmallInteger(readDer(input)),
    'an OBJECT IDENTIFIER': (input) => readObjectIdentifier(readDer(input)),
    'a BIT STRING': (input) => readFlags(readDer(input)),
    'a time': (input) => readTime(readDer(input)),
    'a name': readName,
    'a general name': (input) => readGeneralName(readDer(input)),
    'name constraints': readNameConstraints,
    'a signature algorithm': (input) => isStrongSignature(readDer(input)),
  }
  for (const [what, reader] of Object.entries(readers)) {
    it(`are read as ${what} or refused, never anything else`, () => {
      const random = new Random(SEED)
      for (let round = 0; round < ROUNDS; round++) {
        const input = nested(random, 4)
        read(() => reader(input), input)
      }
    })
  }
})

/** Well-formed nests of random values, so that a reader gets further than the first byte. */
function nested(random: Random, depth: number): Buffer {
  const tags = [0x01, 0x02, 0x03, 0x04, 0x06, 0x0c, 0x13, 0x17, 0x18, 0x1e, 0x30, 0x31, 0x82, 0x87, 0xa0, 0xa1, 0xa4]
  const tag = random.chance(0.9) ? random.pick(tags) : random.below(256)
  const isConstructed = (tag & 0x20) !== 0 && depth > 0
  const content = isConstructed
    ? Buffer.concat(Array.from({ length: random.below(4) }, () => nested(random, depth - 1)))
    : random.bytes(random.below(9))
  const length = random.chance(0.95) ? content.length : random.below(256)
  return Buffer.concat([Buffer.of(tag), length < 0x80 ? Buffer.of(length) : Buffer.of(0x81, length), content])
}

function parsedByNode(input: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(input)
  } catch {
    return undefined
  }
}

function readEverything(x509: X509Certificate): void {
  const certificate = new Certificate(x509)
  // What a search asks of a certificate that could be read must never throw at all.
  try {
    void [certificate.title, certificate.isSelfIssued, certificate.strongKey, certificate.mayServeTls]
    void [certificate.covers('a.fuzz.test'), certificate.covers('10.1.2.3'), certificate.covers('::1')]
  } catch (error) {
    throw new Error('a question to a certificate threw', { cause: error })
  }
  void certificate.names
}
