/**
 * Whole TLS handshakes with chains that OpenSSL reads and that are broken all the same, in a process of their own: a
 * key that the policy does not pin gets no byte, whatever stands beside it, and nothing ends the process.
 */

import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import fc from 'fast-check'
import { parameter, report } from '../../../attacks/child.ts'
import { codeOf, SURFACES, watchedGuard } from '../../../attacks/surfaces.ts'
import { startTlsServer } from '../../../support/tls-server.ts'
import { bodyOf, HOST, impostor, issuing, leaf, pemOf, pinned, root, signed } from '../cast.ts'
import { breaks, broken } from '../der-tree.ts'

export interface Report {
  readonly cases: number
  /** Chains that the server's own OpenSSL does not load. */
  readonly notServed: number
  /** Calls that were answered: the pin was right, and the break did no harm. */
  readonly answered: number
  /** What calls with the right pin failed with, and how often. */
  readonly codes: Readonly<Record<string, number>>
}

const original = fc.constantFrom(pinned, impostor, issuing, root, leaf)

/** DER, the leaf first: what Node can't read, no server of Node's can send. */
const chain: fc.Arbitrary<readonly Buffer[]> = fc
  .oneof(
    fc
      .array(fc.tuple(original, breaks), { minLength: 1, maxLength: 4 })
      .map((list) => [leaf.der, issuing.der, ...list.map(([held, how]) => broken(held.der, how))]),
    fc.tuple(original, breaks).map(([held, how]) => [leaf.der, broken(held.der, how), issuing.der, pinned.der]),
    breaks.map((how) => [signed(broken(bodyOf(leaf.der), how), issuing), issuing.der, pinned.der]),
    breaks.map((how) => [leaf.der, signed(broken(bodyOf(issuing.der), how), root), pinned.der]),
  )
  .filter((list) => list.every(isReadable))

const { numRuns, seed } = parameter<{ numRuns: number; seed?: number }>()
const told = { cases: 0, notServed: 0, answered: 0, codes: {} as Record<string, number> }
const server = await startTlsServer({ key: leaf.privateKey, chain: [leaf.certificate] })

const property = fc.asyncProperty(chain, fc.constantFrom(...SURFACES), async (served, surface) => {
  told.cases += 1
  try {
    server.present({ key: leaf.privateKey, chain: served.map(pemOf) })
  } catch {
    told.notServed += 1
    return
  }
  server.recording.clear()
  const refused = await outcomeOf(pinned.pin, surface)
  assert.ok('error' in refused && refused.error instanceof Error)
  assert.equal(server.recording.bytes, 0)
  const outcome = await outcomeOf(leaf.pin, surface)
  if ('error' in outcome) {
    const code = codeOf(outcome.error) ?? String(outcome.error)
    told.codes[code] = (told.codes[code] ?? 0) + 1
    assert.equal(server.recording.bytes, 0)
  } else {
    told.answered += 1
    assert.equal(outcome.status, 200)
  }
})
await fc.assert(property, { numRuns, ...(seed === undefined ? {} : { seed }) })
await server.close()
report(told satisfies Report)

async function outcomeOf(pin: string, surface: (typeof SURFACES)[number]) {
  const { guard } = watchedGuard({ policy: { version: 1, hosts: { [HOST]: { pins: [pin] } } }, ca: root.certificate })
  const outcome = await surface.call(guard, `https://${HOST}:${server.port}/`).catch((error: unknown) => ({ error }))
  await guard.close()
  await server.whenConnectionsClosed()
  return outcome
}

function isReadable(der: Buffer): boolean {
  try {
    return new X509Certificate(der).raw.equals(der)
  } catch {
    return false
  }
}
