/**
 * Handshakes made by hand, against every surface, in a process of their own: whatever stands in the Certificate
 * message, and however it is cut, the call fails and nothing else happens.
 */

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { parameter, report } from '../../../attacks/child.ts'
import { codeOf, SURFACES, watchedGuard } from '../../../attacks/surfaces.ts'
import { HOST, issuing, leaf, root } from '../cast.ts'
import { breaks, broken } from '../der-tree.ts'
import { flightAround, flightWith, handshake, records, startRawServer, vector } from '../raw-server.ts'

export interface Report {
  readonly cases: number
  /** What the calls failed with: code, and how often. */
  readonly codes: Readonly<Record<string, number>>
}

const whole = [leaf, issuing].map(({ der }) => der)

/** OpenSSL's limit for a server's certificates, in bytes (SSL_CTX_get_max_cert_list). */
const MAX_CERTIFICATE_LIST = 102_400

const bytes = fc.uint8Array({ maxLength: 300 })

const flight: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 5, arbitrary: breaks.map((list) => flightWith([broken(leaf.der, list), issuing.der])) },
  { weight: 2, arbitrary: breaks.map((list) => flightWith([leaf.der, broken(issuing.der, list)])) },
  { weight: 1, arbitrary: bytes.map((junk) => flightWith([junk])) },
  { weight: 1, arbitrary: bytes.map((junk) => flightWith([...whole, junk])) },
  { weight: 1, arbitrary: bytes.map((junk) => flightAround(junk)) },
  { weight: 1, arbitrary: fc.nat({ max: 70_000 }).map((lie) => flightAround(withLength(lie, vector(3, leaf.der)))) },
  { weight: 1, arbitrary: fc.nat({ max: 70_000 }).map((lie) => flightAround(vector(3, withLength(lie, leaf.der)))) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 1_000 }).map((end) => flightWith(whole).subarray(0, end)) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 64 }).map((size) => fragmented(size)) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.nat(), fc.nat({ max: 7 })).map(([at, bit]) => withBit(flightWith(whole), at, bit)),
  },
  { weight: 1, arbitrary: fc.constantFrom(flightWith([]), flightAround(Buffer.alloc(0)), ballast(), Buffer.alloc(0)) },
)

const { numRuns, seed } = parameter<{ numRuns: number; seed?: number }>()
const codes: Record<string, number> = {}
let cases = 0
const server = await startRawServer()
const { guard } = watchedGuard({
  policy: { version: 1, hosts: { [HOST]: { pins: [leaf.pin] } } },
  ca: root.certificate,
})
const property = fc.asyncProperty(flight, fc.constantFrom(...SURFACES), async (answer, surface) => {
  cases += 1
  server.answer(answer)
  const connections = server.connections
  const error = await surface.call(guard, `https://${HOST}:${server.port}/`).then(
    () => assert.fail('it was answered'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof Error)
  const code = codeOf(error) ?? (error as Error).message
  codes[code] = (codes[code] ?? 0) + 1
  await server.whenConnectionsClosed()
  assert.equal(server.connections, connections + 1)
  assert.equal(server.applicationBytes, 0)
})
await fc.assert(property, { numRuns, ...(seed === undefined ? {} : { seed }) })
await guard.close()
await server.close()
report({ cases, codes } satisfies Report)

function withLength(length: number, content: Uint8Array): Buffer {
  const lied = vector(3, content)
  lied.writeUIntBE(length, 0, 3)
  return lied
}

function withBit(original: Buffer, at: number, bit: number): Buffer {
  const copy = Buffer.from(original)
  copy[at % copy.length] = (copy[at % copy.length] ?? 0) ^ (1 << bit)
  return copy
}

/** The same messages in records of a few bytes. */
function fragmented(size: number): Buffer {
  const flight = flightWith(whole)
  const messages: Buffer[] = []
  for (let at = 0; at < flight.length; at += 5 + flight.readUInt16BE(at + 3)) {
    messages.push(flight.subarray(at + 5, at + 5 + flight.readUInt16BE(at + 3)))
  }
  return records(messages, size)
}

function ballast(): Buffer {
  const copies = Array.from({ length: Math.ceil(MAX_CERTIFICATE_LIST / issuing.der.length) }, () => issuing.der)
  return Buffer.concat([flightWith([leaf.der, ...copies]), records([handshake(0, Buffer.alloc(0))])])
}
