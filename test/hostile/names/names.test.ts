/**
 * Rows 18 to 21, for any text at all: what the guard looks up is what TLS asks for and verifies, and no spelling of a
 * covered name is an uncovered one.
 */

import { after } from 'node:test'
import { Tally } from '../bytes/runs.ts'
import { recordResult } from '../suite-result.ts'
import { describeCanonicalHosts } from './canonical.ts'
import { describeEscapes } from './escape.ts'
import { describePatterns } from './patterns.ts'

import { describeVerifiedNames } from './verified-name.ts'

const tally = new Tally()

describeCanonicalHosts(tally)
describePatterns(tally)
describeVerifiedNames(tally)
describeEscapes(tally)

after(() =>
  recordResult({
    suite: 'Names (properties)',
    source: 'random texts by fast-check, read by the WHATWG URL parser of Node',
    command: 'node test/run.ts test/hostile/names/names.test.ts',
    cases: tally.cases,
    expected: 'one host, one entry, one verified name',
    got: String(tally),
    divergences: [],
  }),
)
