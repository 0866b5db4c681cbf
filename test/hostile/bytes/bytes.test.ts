/**
 * Bytes made to hurt: certificates, policy documents and handshakes, broken at every place where they can be broken.
 * Each is read as what it says, or refused with the error that is documented, in bounded work; nothing ends the process,
 * and no broken certificate brings a wrong key through.
 */

import { after } from 'node:test'
import { recordResult } from '../suite-result.ts'
import { describeHandshakes } from './handshakes.ts'
import { describePlenty } from './plenty.ts'
import { describePolicies } from './policies.ts'
import { describeReaders } from './readers.ts'
import { describeRepeatedKeys } from './repeated-keys.ts'
import { Tally } from './runs.ts'

const tally = new Tally()

describeReaders(tally)
describePolicies(tally)
describeRepeatedKeys(tally)
describeHandshakes(tally)
describePlenty(tally)

after(() =>
  recordResult({
    suite: 'Hostile bytes (properties and mutations)',
    source: 'random and structure-aware mutations by fast-check',
    command: 'node test/run.ts test/hostile/bytes/bytes.test.ts',
    cases: tally.cases,
    expected: 'read as written, or refused as documented; no crash, no byte to a wrong key',
    got: String(tally),
    divergences: [],
  }),
)
