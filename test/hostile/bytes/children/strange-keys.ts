/**
 * Every strange key against every surface, in a process of its own: as an authority beside a whole chain, and as the
 * only one that may have signed the leaf.
 */

import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { request } from 'node:https'
import { Certificate } from '../../../../lib/x509/certificate.ts'
import { verifyPath } from '../../../../lib/x509/path.ts'
import { TrustSet } from '../../../../lib/x509/trust-set.ts'
import { report } from '../../../attacks/child.ts'
import { codeOf, SURFACES, watchedGuard } from '../../../attacks/surfaces.ts'
import { leafOf } from '../../../support/authority.ts'
import { startTlsServer } from '../../../support/tls-server.ts'
import { HOST, pemOf, pinned, root } from '../cast.ts'
import { authorityWith, strangeKeys } from '../strange-keys.ts'

export interface Report {
  /** By key: what came of a call with the right pin, and what of one where only the strange key could have signed. */
  readonly outcomes: Readonly<Record<string, { readonly beside: readonly string[]; readonly alone: readonly string[] }>>
}

/** Signed by the trusted root, and without a key id, so that any authority of its name may be the issuer. */
const leaf = await leafOf(root, [HOST], { authorityKeyId: 'none' })
const orphan = await leafOf(root, [HOST], { authorityKeyId: 'none', issuerName: 'CN=Strange' })
const server = await startTlsServer({ key: leaf.privateKey, chain: [leaf.certificate] })

const outcomes: Record<string, { beside: string[]; alone: string[] }> = {}
for (const [what, spki] of Object.entries(strangeKeys())) {
  const beside = authorityWith(spki, 'Broken Root', root)
  const alone = authorityWith(spki, 'Strange', root)
  readAlone(beside)
  const told = { beside: [] as string[], alone: [] as string[] }
  outcomes[what] = told
  server.present({ key: leaf.privateKey, chain: [leaf.certificate, pemOf(beside)] })
  for (const surface of SURFACES) told.beside.push(await outcomeOf(surface, leaf.pin))
  const [surface] = SURFACES.slice(Object.keys(outcomes).length % SURFACES.length)
  assert.ok(surface)
  assert.equal(await outcomeOf(surface, pinned.pin), 'ERR_PIN_MISMATCH')
  server.present({ key: orphan.privateKey, chain: [orphan.certificate, pemOf(alone)] })
  told.alone.push(await outcomeOf(surface, orphan.pin))
  server.present({ key: leaf.privateKey, chain: [leaf.certificate, pemOf(beside)] })
  await lookAtEverything()
}
await server.close()
report({ outcomes } satisfies Report)

/** The certificate by itself: as a leaf, as an issuer, as an anchor. */
function readAlone(der: Buffer): void {
  const x509 = new X509Certificate(der)
  void new Certificate(x509).strongKey
  for (const shown of [[x509], [new X509Certificate(leaf.der), x509]]) {
    const trust = new TrustSet([pemOf(der)])
    assert.equal(verifyPath(shown, { host: HOST, trust, now: Date.now() }).verified, undefined)
  }
}

/**
 * `accepted`, or the code of the refusal. Whether an accepted call is answered is not told: a server of OpenSSL's drops
 * a connection over which it sent a key that it can't decode itself.
 */
async function outcomeOf(surface: (typeof SURFACES)[number], pin: string): Promise<string> {
  const hosts = { [HOST]: { pins: [pin] } }
  const { guard, events } = watchedGuard({ policy: { version: 1, hosts }, ca: root.certificate })
  server.recording.clear()
  const failed = await surface.call(guard, `https://${HOST}:${server.port}/`).then(
    () => undefined,
    (error: unknown) => codeOf(error) ?? String(error),
  )
  await guard.close()
  await server.whenConnectionsClosed()
  if (events.some(({ type }) => type === 'connection-accepted')) return 'accepted'
  assert.equal(server.recording.bytes, 0)
  return failed ?? 'answered without a judgement'
}

/** A caller who looks at all that a socket tells of its certificates. */
async function lookAtEverything(): Promise<void> {
  const { guard } = watchedGuard({
    policy: { version: 1, hosts: { [HOST]: { pins: [leaf.pin] } } },
    ca: root.certificate,
  })
  let looked = 0
  await new Promise<void>((resolve) => {
    const checkServerIdentity = (_host: string, certificate: object) => {
      looked += JSON.stringify(certificate, withoutCircles()).length
      return undefined
    }
    const outgoing = request(
      `https://${HOST}:${server.port}/`,
      { agent: guard.agent, checkServerIdentity },
      (incoming) => {
        const socket = incoming.socket as import('node:tls').TLSSocket
        looked += JSON.stringify(socket.getPeerCertificate(true), withoutCircles()).length
        looked += String(socket.getPeerX509Certificate()).length
        incoming.resume().on('end', resolve)
      },
    )
    // The server's own OpenSSL may stumble over the key, once the handshake is done.
    outgoing.on('error', () => resolve()).end()
  })
  assert.ok(looked > 0)
  await guard.close()
  await server.whenConnectionsClosed()
}

function withoutCircles() {
  const seen = new Set<unknown>()
  return (_key: string, value: unknown) => {
    if (typeof value !== 'object' || value === null) return value
    if (seen.has(value)) return undefined
    seen.add(value)
    return value
  }
}
