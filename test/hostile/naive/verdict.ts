/**
 * From what was noted of each test to what it means: attacks that got through, attacks that were stopped, calls that must
 * be answered. A guard is judged by what became of calls; whatever else a test asserts of ours, of its messages, events
 * and counts of connections, is not held against another guard.
 */

import { beyondItsDemands, DEMANDING, NO_ATTACKS } from './by-hand.ts'
import type { PlayedTest } from './kit/plays.ts'

export type Verdict =
  | 'let through'
  | 'ended the process'
  | 'stopped'
  | 'answered'
  /** A call that must be answered was refused by the guard. */
  | 'refused'
  /** The guard lacks what the test is about, or the test plays no call, or Node decides alone. */
  | 'not applicable'
  /** The test failed in a way that nobody has looked at. */
  | 'unclear'

export interface Judged {
  readonly file: string
  /** The attack, however it was played. */
  readonly title: string
  /** The surface and the version of TLS, where the test has them. */
  readonly way: string
  readonly verdict: Verdict
  readonly what: string
}

/** Codes that the tutorial guard itself gives. */
const OWN_CODES = /ERR_PIN_MISMATCH|ERR_HOST_NOT_COVERED/

export function judged(tests: readonly PlayedTest[]): Judged[] {
  const keyOf = ({ file, name }: PlayedTest) => `${file} > ${name}`
  const ended = tests.filter(({ phase }) => phase === 'ended')
  const known = new Set(ended.map(keyOf))
  const died = tests.filter((test) => test.phase === 'begun' && !known.has(keyOf(test)))
  return [
    ...ended.map((test) => ({ ...place(test), ...verdictOf(test) })),
    ...died.map((test) => ({ ...place(test), verdict: 'ended the process' as const, what: 'the process ended' })),
  ]
}

function verdictOf(test: PlayedTest): Pick<Judged, 'verdict' | 'what'> {
  const { plays, failure, notApplicable } = test
  const noAttack = NO_ATTACKS.find(({ file, name }) => test.file.includes(file) && name.test(test.name))
  if (noAttack !== undefined) return { verdict: 'not applicable', what: noAttack.reason }
  if (notApplicable !== undefined) return { verdict: 'not applicable', what: notApplicable }

  const isDemanding = DEMANDING.find(({ file, name }) => test.file.includes(file) && name.test(test.name))
  if (isDemanding !== undefined) {
    return failure === undefined ? { verdict: 'stopped', what: '' } : { verdict: 'let through', what: isDemanding.what }
  }
  const unmet = plays.find(({ wasMet }) => !wasMet)
  if (unmet?.demanded === 'refusal') return { verdict: 'let through', what: unmet.what ?? '' }
  const wasAttacked = plays.some(({ demanded }) => demanded === 'refusal')
  if (unmet !== undefined) {
    const isOwn = OWN_CODES.test(unmet.what ?? '')
    return { verdict: isOwn ? 'refused' : wasAttacked ? 'stopped' : 'not applicable', what: unmet.what ?? '' }
  }
  if (plays.length === 0) return { verdict: 'not applicable', what: 'no call is played, or Node decides alone' }
  if (failure !== undefined && !beyondItsDemands(test.file)) return { verdict: 'unclear', what: failure }
  return { verdict: wasAttacked ? 'stopped' : 'answered', what: failure ?? '' }
}

const SURFACE =
  /Node's own fetch with pinnedDispatcher|npm undici's fetch with pinnedDispatcher|undici's redirect interceptor on pinnedDispatcher|pinnedDispatcher with undici\.request|a client on pinnedAgent|pinnedAgent with https\.request|pinnedFetch/
const VERSION = /TLSv1\.[23]/

/** Takes apart a test's name: what is attacked, and by which way. */
function place({ file, name }: PlayedTest): Pick<Judged, 'file' | 'title' | 'way'> {
  const isWay = new RegExp(`^(over ${VERSION.source}, )?(followed )?by (${SURFACE.source})(, )?|(over HTTP/[.\\d]+)$`)
  const inBrackets = new RegExp(` \\((${SURFACE.source}|${VERSION.source})\\)`, 'g')
  const atEnd = new RegExp(`,? by (${SURFACE.source})$`)
  const title = name
    .split(' > ')
    .map((part) => part.replace(isWay, '').replaceAll(inBrackets, '').replace(atEnd, ''))
    .filter((part) => part !== '')
    .map((part, index, { length }) => (index < length - 1 ? part.replace(/:$/, '') : part))
    .join(': ')
  const ways = [SURFACE.exec(name)?.[0], VERSION.exec(name)?.[0]].filter((part) => part !== undefined)
  return { file, title, way: ways.join(', ') }
}
