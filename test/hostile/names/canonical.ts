/**
 * Properties of the canonical host: the one name under which a host is looked up, asked for in the handshake and
 * verified.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { findPinnedFetchError } from '../../../lib/errors.ts'
import { callTo, callToPlace, isAddress } from '../../../lib/net/call.ts'
import { canonicalHost, parseHostPattern } from '../../../lib/policy/host.ts'
import { runs, type Tally } from '../bytes/runs.ts'
import { hostText, spellingsOf } from './host-text.ts'
import { hostInUrl } from './reading.ts'

const RUNS = 10_000

export function describeCanonicalHosts(tally: Tally): void {
  describe('the canonical host of any text', () => {
    it('is a canonical name or address, and the one that a URL with this text calls', () => {
      let compared = 0
      check(tally, RUNS, hostText, (text, host) => {
        if (host !== undefined) assertCanonical(host)
        const called = URL.parse(`https://${text}`)?.hostname
        if (called === undefined) return
        assert.equal(canonicalHost(called), hostInUrl(text))
        if (host === undefined) return
        assert.equal(host, hostInUrl(text))
        compared += 1
      })
      assert.ok(compared > RUNS / 4, `only ${compared} were compared`)
    })

    it('is missing exactly where a call is refused, whatever the policy says', () => {
      check(tally, RUNS / 2, hostText, (text, host) => {
        for (const protocol of ['https:', 'http:']) {
          if (host !== undefined) assert.equal(callTo(protocol, text, 8443).host, host)
          else assert.throws(() => callTo(protocol, text, 8443), isNotCovered)
        }
        if (host === undefined && !/:\d+$/.test(text)) assert.throws(() => callToPlace(text), isNotCovered)
      })
    })

    it('is the same for every spelling of a name', () => {
      let same = 0
      for (const name of ['api.partner.test', 'xn--bcher-kva.test', '127.0.0.1', 'a_b.c-d.test']) {
        check(tally, RUNS / 4, spellingsOf(name), (text, host) => {
          assert.equal(host, hostInUrl(text))
          if (host === name) same += 1
        })
      }
      assert.ok(same > RUNS / 4, `only ${same} spellings were the name's`)
    })

    it('is what a pattern of the same text covers, if it may be a pattern at all', () => {
      check(tally, RUNS / 2, hostText, (text, host) => {
        const pattern = patternOf(text)
        if (pattern === undefined || pattern.kind !== 'exact' || pattern.port !== undefined) return
        assert.equal(pattern.base, host)
        assert.deepEqual(parseHostPattern(pattern.text, ''), pattern)
      })
    })
  })
}

function check(
  tally: Tally,
  usual: number,
  texts: fc.Arbitrary<string>,
  property: (text: string, host: string | undefined) => void,
): void {
  fc.assert(
    fc.property(texts, (text) => {
      tally.add('texts read')
      property(text, canonicalHost(text))
    }),
    runs(usual),
  )
}

function assertCanonical(host: string): void {
  assert.match(host, /^[\x21-\x7e]{1,253}$/)
  assert.equal(host, host.toLowerCase())
  assert.ok(!host.endsWith('.') && !host.startsWith('['), host)
  assert.equal(canonicalHost(host), host)
  assert.equal(isAddress(host), /:|^[\d.]+$/.test(host), host)
}

function patternOf(text: string) {
  try {
    return parseHostPattern(text, 'p')
  } catch (error) {
    assert.equal(findPinnedFetchError(error)?.code, 'ERR_POLICY_MALFORMED')
    return undefined
  }
}

function isNotCovered(error: unknown): boolean {
  return findPinnedFetchError(error)?.code === 'ERR_HOST_NOT_COVERED'
}
