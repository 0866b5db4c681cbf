/**
 * Much of everything: as many names, certificates and cross-signs as TLS carries, and more. What it costs is counted.
 *
 * OpenSSL takes at most 100 kB of certificates from a server (SSL_CTX_get_max_cert_list). A leaf with 10,000 names is
 * larger, so it can only be shown to our verifier.
 */

import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, it, type TestContext } from 'node:test'
import { MAX_SIGNATURE_CHECKS, verifyPath } from '../../../lib/x509/path.ts'
import { TrustSet } from '../../../lib/x509/trust-set.ts'
import { assertAccepted, assertRefused, codeOf, SURFACES, type Surface, watchedGuard } from '../../attacks/surfaces.ts'
import { type Held, leafOf, mint, presented, rootAuthority } from '../../support/authority.ts'
import { startTlsServer } from '../../support/tls-server.ts'
import { tlv } from '../../x509/encode.ts'
import { crossSigned } from '../../x509/question.ts'
import { HOST, pinned, root } from './cast.ts'
import { readsOf } from './reads.ts'
import type { Tally } from './runs.ts'

const READS_PER_BYTE = 6

const named = (count: number) => [...Array.from({ length: count - 1 }, (_, index) => `n${index}.partner.test`), HOST]

export function describePlenty(tally: Tally): void {
  describe('plenty', () => {
    it('of names is read once: 10,000 of them', async () => {
      const leaf = await leafOf(root, named(10_000))
      tally.add('large chains')
      assert.ok(verifiedInBounds([leaf], [root]))
    })

    it('of names that can’t be read is read once, however many ways lead over the leaf', async () => {
      const names = Buffer.concat(Array.from({ length: 15_000 }, () => Buffer.of(0x82, 1, 0x61)))
      const unreadable = tlv(0x30, tlv(0x82, Buffer.from(HOST)), names, Buffer.of(0x82, 0x81, 1, 0x61))
      const issuing = await mint({ subject: 'CN=Issuing', ca: true, issuer: root })
      const leaf = await leafOf(issuing, [], {
        extraExtensions: [{ oid: '2.5.29.17', critical: false, der: unreadable }],
      })
      const copies = Array.from({ length: 40 }, () =>
        crossSigned(issuing, root, { issuerName: 'CN=X', authorityKeyId: 'none' }),
      )
      const constraint = {
        nameConstraints: { permitted: ['a.test'] },
        subjectKeyId: 'none',
        authorityKeyId: 'none',
      } as const
      const constrained = Array.from({ length: 40 }, () => rootAuthority('X', { keys: pinned, ...constraint }))
      const shown = [leaf, issuing, ...(await Promise.all([...copies, ...constrained]))]
      tally.add('large chains')
      assert.ok(verifiedInBounds(shown, [root]))
    })

    for (const surface of SURFACES) {
      it(`of names over TLS: 3,000 are taken, 10,000 are more than OpenSSL takes (${surface.name})`, async (t) => {
        tally.add('large chains', 2)
        const taken = await call(t, surface, { served: [await leafOf(root, named(3_000))], pins: [root.pin] })
        await assertAccepted(taken.run, taken.server)
        const tooMany = await call(t, surface, { served: [await leafOf(root, named(10_000))], pins: [root.pin] })
        const error = await tooMany.run().catch((reason: unknown) => reason)
        assert.equal(codeOf(error), 'ERR_SSL_EXCESSIVE_MESSAGE_SIZE')
        await tooMany.server.whenConnectionsClosed()
        assert.equal(tooMany.server.recording.bytes, 0)
      })

      it(`of certificates that nobody needs: 100 of them (${surface.name})`, async (t) => {
        tally.add('large chains', 2)
        const served: [Held, ...Held[]] = [await leafOf(root, [HOST]), ...(await ballast())]
        const right = await call(t, surface, { served, pins: [root.pin] })
        await assertAccepted(right.run, right.server)
        const wrong = await call(t, surface, { served, pins: [pinned.pin] })
        await assertRefused(wrong.run, { code: 'ERR_PIN_MISMATCH', server: wrong.server, events: wrong.events })
      })

      it(`of authorities that all signed each other costs ${MAX_SIGNATURE_CHECKS} signatures (${surface.name})`, async (t) => {
        tally.add('large chains')
        const { served, first } = await mesh()
        const counted = t.mock.method(X509Certificate.prototype, 'verify').mock
        const { run, server, events } = await call(t, surface, { served, pins: [pinned.pin], ca: first })
        await assertRefused(run, { code: 'ERR_PIN_MISMATCH', server, events })
        assert.ok(counted.callCount() <= MAX_SIGNATURE_CHECKS, `${counted.callCount()} signatures`)
      })
    }
  })
}

function verifiedInBounds(shown: readonly Held[], trusted: readonly Held[]): boolean {
  const bytes = [...shown, ...trusted].reduce((sum, { der }) => sum + der.length, 0)
  const certificates = shown.map(({ der }) => new X509Certificate(der))
  const trust = new TrustSet(trusted.map(({ certificate }) => certificate))
  let isVerified = false
  const reads = readsOf(() => {
    isVerified = verifyPath(certificates, { host: HOST, trust, now: Date.now() }).verified !== undefined
  })
  assert.ok(reads <= READS_PER_BYTE * bytes, `${reads} reads for ${bytes} bytes`)
  return isVerified
}

interface Served {
  readonly served: readonly [Held, ...Held[]]
  readonly pins: readonly string[]
  /** Unset: the root. */
  readonly ca?: Held
}

async function call(t: TestContext, surface: Surface, { served, pins, ca = root }: Served) {
  const [leaf, ...others] = served
  const server = await startTlsServer(presented(leaf, ...others))
  t.after(() => server.close())
  const { guard, events } = watchedGuard({ policy: { version: 1, hosts: { [HOST]: { pins } } }, ca: ca.certificate })
  t.after(() => guard.close())
  return { server, events, run: () => surface.call(guard, `https://${HOST}:${server.port}/`) }
}

let strangers: Promise<Held[]> | undefined

function ballast(): Promise<Held[]> {
  strangers ??= Promise.all(Array.from({ length: 100 }, (_, index) => rootAuthority(`Ballast ${index}`)))
  return strangers
}

/** Eight authorities, each certified by each other; the first is trusted and issued the leaf. */
async function mesh(): Promise<{ served: [Held, ...Held[]]; first: Held }> {
  const authorities = await Promise.all(Array.from({ length: 8 }, (_, index) => rootAuthority(`Mesh ${index}`)))
  const first = authorities[0] ?? root
  const pairs = authorities.flatMap((subject) => authorities.map((issuer) => [subject, issuer] as const))
  const signed = pairs.filter(([subject, issuer]) => subject !== issuer).map((pair) => crossSigned(...pair))
  return { served: [await leafOf(first, [HOST]), ...(await Promise.all(signed))], first }
}
