/**
 * No spelling of a covered name is an uncovered one. Uncovered hosts may be called (`"default": "allow"`), the covered
 * ones are pinned to a key that their server doesn't have, and every name leads to that server: whatever is called, by
 * whichever way, it sees no byte of a request. With the right pin the same spellings are answered.
 *
 *     any text ──▶ lookup ──▶ a server with a valid certificate for the covered names, and the wrong key
 */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { findPinnedFetchError, type Guard } from '../../../lib/index.ts'
import { codeOf, SURFACES, watchedGuard } from '../../attacks/surfaces.ts'
import { leafOf, presented, rootAuthority } from '../../support/authority.ts'
import { type PlainServer, startPlainServer } from '../../support/plain-server.ts'
import { startTlsServer, type TlsServer } from '../../support/tls-server.ts'
import { runs, type Tally } from '../bytes/runs.ts'
import { hostText, spellingsOf } from './host-text.ts'
import { dialsElsewhere } from './reading.ts'
import { WAYS } from './ways.ts'

/** Each is a call with the wrong pin and one with the right one. */
const RUNS = 250

const COVERED = ['api.partner.test', 'xn--bcher-kva.test', '127.0.0.1'] as const

const root = await rootAuthority('Escape Root')
const stranger = await rootAuthority('Stranger')
const leaf = await leafOf(root, COVERED)

const texts = fc
  .oneof(
    { weight: 6, arbitrary: fc.constantFrom(...COVERED).chain(spellingsOf) },
    { weight: 1, arbitrary: spellingsOf('bücher.test') },
    { weight: 2, arbitrary: hostText },
  )
  .filter((text) => !dialsElsewhere(text))

export function describeEscapes(tally: Tally): void {
  describe('a covered name, spelled in any way', () => {
    // Two servers: a refusal is proven when the connections are closed, and an answered call keeps its own open.
    let servers: { readonly refusing: TlsServer; readonly answering: TlsServer; readonly plain: PlainServer }
    let guards: { readonly wrong: Guard; readonly right: Guard }
    before(async () => {
      const [refusing, answering] = [await startTlsServer(presented(leaf)), await startTlsServer(presented(leaf))]
      servers = { refusing, answering, plain: await startPlainServer() }
      guards = { wrong: guardWith(stranger.pin), right: guardWith(leaf.pin) }
    })
    after(async () => {
      await Promise.all(Object.values(guards).map((guard) => guard.close()))
      await Promise.all(Object.values(servers).map((server) => server.close()))
    })

    it('is covered: a wrong pin lets no byte out, a right one lets the call through', async () => {
      let answered = 0
      await fc.assert(
        fc.asyncProperty(texts, fc.constantFrom(...WAYS), async (text, way) => {
          tally.add('calls over TLS', 2)
          const { refusing, answering } = servers
          const meant = way.meaning(text, refusing.port)
          const isCovered = [meant, meant && way.address].some((host) => COVERED.some((name) => name === host))
          const error = await rejection(way.call(guards.wrong, text, refusing.port))
          await refusing.whenConnectionsClosed()
          assert.equal(refusing.recording.bytes, 0)
          if (isCovered) assert.equal(codeOf(error), 'ERR_PIN_MISMATCH')
          else assert.notEqual(codeOf(error), 'ERR_PIN_MISMATCH')

          const again = way.call(guards.right, text, answering.port)
          if (isCovered) {
            assert.equal((await again).status, 200)
            answered += 1
          } else await rejection(again)
        }),
        runs(RUNS),
      )
      assert.ok(answered > RUNS / 3, `only ${answered} spellings were the covered names'`)
    })

    it('is covered against plain HTTP as well', async () => {
      const overUrl = SURFACES.filter(({ name }) => !name.includes('pinnedAgent'))
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...COVERED).chain(spellingsOf),
          fc.constantFrom(...overUrl),
          async (text, surface) => {
            tally.add('calls over plain HTTP')
            const port = servers.plain.port
            const url = URL.parse(`http://${text}:${port}/`)
            const isCovered = COVERED.some((name) => name === url?.hostname.replace(/\.$/, ''))
            fc.pre(isCovered)
            const error = await rejection(surface.call(guards.right, `http://${text}:${port}/`))
            assert.equal(findPinnedFetchError(error)?.code, 'ERR_PLAINTEXT_REFUSED')
          },
        ),
        runs(RUNS),
      )
      assert.equal(servers.plain.recording.connections, 0)
    })
  })
}

function guardWith(pin: string): Guard {
  const hosts = Object.fromEntries(COVERED.map((name) => [name, { pins: [pin] }]))
  return watchedGuard({ policy: { version: 1, default: 'allow', hosts }, ca: root.certificate }).guard
}

async function rejection(call: Promise<unknown>): Promise<unknown> {
  return await call.then(
    (answer) => assert.fail(`it was answered: ${JSON.stringify(answer)}`),
    (error: unknown) => error,
  )
}
