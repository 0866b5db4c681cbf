/**
 * One name from the call to the certificate: the entry that speaks for a call is the entry of the name that the server
 * is asked for, and of the name that its certificate must have. Over real TLS, for any host text, by every way of
 * calling.
 *
 * Each time the server has a certificate for one name alone: the one that the text means, or a neighbour's. A client that
 * verified another name would take the second and refuse the first.
 */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { isAddress } from '../../../lib/net/call.ts'
import { parsePolicy } from '../../../lib/policy/document.ts'
import { codeOf, watchedGuard } from '../../attacks/surfaces.ts'
import { generateKeys, leafOf, presented, rootAuthority } from '../../support/authority.ts'
import { startTlsServer, type TlsServer } from '../../support/tls-server.ts'
import { runs, type Tally } from '../bytes/runs.ts'
import { hostText, spellingsOf } from './host-text.ts'
import { speaksFor, textOf, type WrittenPattern } from './pattern-reference.ts'
import { dialsElsewhere } from './reading.ts'
import { WAYS } from './ways.ts'

/** Calls over TLS, of about five milliseconds each. */
const RUNS = 250

const root = await rootAuthority('Named Root')
const keys = await generateKeys('p256')

const texts = fc
  .oneof(
    { weight: 2, arbitrary: hostText },
    { weight: 3, arbitrary: fc.domain().chain(spellingsOf) },
    { weight: 1, arbitrary: spellingsOf('127.0.0.1') },
  )
  .filter((text) => !dialsElsewhere(text))

/** Which of the patterns around a name are in the policy: itself, one label, any depth, and each with a port. */
const choices = fc.array(fc.boolean(), { minLength: 8, maxLength: 8 })

export function describeVerifiedNames(tally: Tally): void {
  describe('the name that is looked up is the name that TLS verifies', () => {
    let server: TlsServer
    before(async () => {
      server = await startTlsServer(presented(root))
    })
    after(() => server.close())

    it('for any text, by every way of calling', async () => {
      let accepted = 0
      await fc.assert(
        fc.asyncProperty(texts, choices, fc.constantFrom(...WAYS), fc.boolean(), async (text, chosen, way, isNamed) => {
          const meant = way.meaning(text, server.port)
          const patterns = patternsAround(meant ?? 'nobody.test', server.port, chosen)
          const outcome = await outcomeOf({ way, text, meant, patterns, isNamed })
          tally.add('calls over TLS')
          if (outcome === 'accepted') accepted += 1
        }),
        runs(RUNS),
      )
      assert.ok(accepted > RUNS / 8, `only ${accepted} calls were accepted`)
    })

    async function outcomeOf({ way, text, meant, patterns, isNamed }: Case): Promise<'accepted' | 'refused'> {
      const named = meant === undefined ? 'nobody.test' : isNamed ? meant : neighbourOf(meant)
      const leaf = await leafOf(root, [named], { keys, subject: 'CN=named by its alternative name' })
      server.present(presented(leaf))
      server.recording.clear()
      const hosts = Object.fromEntries(
        [...patterns, { host: 'decoy.test' }].map((one) => [textOf(one), { pins: [leaf.pin] }]),
      )
      const { guard, events } = watchedGuard({ policy: { version: 1, hosts }, ca: root.certificate })
      const answer = await way.call(guard, text, server.port).catch((error: unknown) => ({ error }))
      const expected = meant === undefined ? undefined : speaksFor(patterns, meant, server.port)
      const explained = meant === undefined ? undefined : await guard.explain(placeOf(meant, server.port))
      await guard.close()
      await server.whenConnectionsClosed()

      assert.equal(explained?.pattern, expected && textOf(expected))
      if (expected === undefined || !isNamed) {
        assert.ok('error' in answer, 'it was answered')
        assert.equal(server.recording.bytes, 0)
        if (expected === undefined) assert.equal(server.recording.connections, 0)
        else assert.equal(codeOf(answer.error), 'ERR_TLS_CERT_ALTNAME_INVALID')
        return 'refused'
      }
      assert.deepEqual('error' in answer ? answer.error : answer.status, 200)
      assert.deepEqual(server.recording.servernames, [meant !== undefined && isAddress(meant) ? undefined : meant])
      const told = events.filter((event) => event.type === 'connection-accepted')
      assert.deepEqual(
        told.map(({ host, pattern }) => [host, pattern]),
        [[meant, textOf(expected)]],
      )
      return 'accepted'
    }
  })
}

interface Case {
  readonly way: (typeof WAYS)[number]
  readonly text: string
  readonly meant: string | undefined
  readonly patterns: readonly WrittenPattern[]
  /** Whether the certificate is for the name that the text means. */
  readonly isNamed: boolean
}

/** Patterns that a document may hold, near a name: all for keys that the server has. */
function patternsAround(host: string, port: number, chosen: readonly boolean[]): WrittenPattern[] {
  const isPlain = /^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/.test(host) && !isAddress(host)
  const parent = host.split('.').slice(1).join('.')
  const hosts = [
    ...(isPlain || isAddress(host) ? [host] : []),
    ...(isPlain && /[^.]\.test$|\..*\./.test(host) && parent !== '' ? [`*.${parent}`, `**.${parent}`] : []),
    ...(isPlain ? [`**.${host}`] : []),
  ]
  const written = hosts.flatMap((one) => [{ host: one }, { host: one, port }])
  return written.filter((one, index) => chosen[index] === true && isAllowed(one))
}

function isAllowed(pattern: WrittenPattern): boolean {
  try {
    parsePolicy({ [textOf(pattern)]: [`sha256/${Buffer.alloc(32).toString('base64')}`] })
    return true
  } catch {
    return false
  }
}

function neighbourOf(host: string): string {
  return isAddress(host) ? '127.0.0.2' : `x${host.slice(host.startsWith('x') ? 1 : 0)}.test`
}

function placeOf(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
