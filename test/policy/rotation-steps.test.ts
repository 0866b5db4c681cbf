/**
 * The plan of the rotation function, played against a secret that is a list: every order of what people and Secrets Manager
 * may do, up to a depth. AWSCURRENT moves to what was proposed for it, approved, and tested, or it does not move.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parsePolicy } from '../../lib/policy/document.ts'
import { holderOf, planPublish, type StagedVersion, type Step, versionIdFor } from '../../lib/policy/rotation.ts'
import {
  APPROVED,
  CANDIDATE,
  objectionsTo,
  planApprove,
  planPropose,
  planWithdraw,
  proposalOf,
  touchedPatterns,
} from '../../lib/policy/rotation-proposal.ts'
import { courseOf, givenWay, planFinish, planTested } from '../../lib/policy/rotation-steps.ts'

type Versions = readonly StagedVersion[]

const TOKENS = ['0b5ad8f0-9b8a-4a1c-8a53-0d9b0f4f1a11', '1c6be901-0c9b-4b2d-9b64-1e0c1a5a2b22']

/** AWS's rules; nothing of a secret is changed in place. */
function moved(versions: Versions, stage: string, from: string | undefined, to: string | undefined): Versions {
  const holder = holderOf(versions, stage)?.id
  if (holder === to || holder !== from) return versions
  const next = relabelled(versions, stage, to)
  return stage === 'AWSCURRENT' ? relabelled(next, 'AWSPREVIOUS', from) : next
}

function relabelled(versions: Versions, stage: string, to: string | undefined): Versions {
  return versions.map(({ id, stages, text }) => ({
    id,
    stages: [...stages.filter((one) => one !== stage), ...(id === to ? [stage] : [])],
    text,
  }))
}

function run(versions: Versions, steps: readonly Step[]): Versions {
  return steps.reduce<Versions>((now, step) => {
    if (step.call === 'move') return moved(now, step.stage, step.from, step.to)
    if (now.some(({ id }) => id === step.id)) return now
    return [
      ...relabelled(now, 'PinnedFetchDraft', undefined),
      { id: step.id, stages: ['PinnedFetchDraft'], text: step.text },
    ]
  }, versions)
}

type Act = (versions: Versions) => Versions

const currentOf = (versions: Versions) => holderOf(versions, 'AWSCURRENT')

/** RotateSecret: refused while AWSPENDING hangs on a version that is not current. */
function begin(token: string): Act {
  return (versions) => {
    const pending = holderOf(versions, 'AWSPENDING')
    if (pending !== undefined && pending !== currentOf(versions)) return versions
    const there = versions.some(({ id }) => id === token)
    const all = there ? versions : [...versions, { id: token, stages: [], text: undefined }]
    return relabelled(all, 'AWSPENDING', token)
  }
}

function create(token: string): Act {
  return (versions) => {
    const course = givenWay(courseOf(versions, token, 'required'), versions, token, 'required')
    if (course.kind === 'refusal') return run(versions, course.steps)
    if (course.kind === 'done' || course.isWritten) return versions
    return versions.map((version) => (version.id === token ? { ...version, text: course.text } : version))
  }
}

function test(token: string, passes: boolean): Act {
  return (versions) => {
    const course = courseOf(versions, token, 'required')
    if (course.kind === 'refusal') return run(versions, course.steps)
    if (course.kind !== 'promotion' || !course.isWritten) return versions
    return run(versions, planTested(versions, token, passes))
  }
}

/** The heart of it: what a promotion must have had before. */
function finish(token: string): Act {
  return (versions) => {
    const course = courseOf(versions, token, 'required')
    const plan = planFinish(course, versions, token)
    const after = run(versions, 'kind' in plan ? plan.steps : plan)
    const [before, now] = [currentOf(versions), currentOf(after)]
    if (now?.id === before?.id) return after
    const candidate = holderOf(versions, CANDIDATE)
    assert.equal(now?.id, token)
    assert.ok(candidate !== undefined)
    assert.ok(candidate.stages.includes(APPROVED), 'it was approved')
    assert.equal(now?.text, candidate.text, 'it is what was approved')
    assert.equal(candidate.id, versionIdFor('propose', before?.id ?? '', candidate.text ?? ''), 'it was made for that')
    assert.ok(holderOf(versions, 'PinnedFetchTested')?.id === token, 'it has passed')
    assert.equal(holderOf(after, CANDIDATE), undefined)
    promotions++
    return after
  }
}

let promotions = 0

const propose =
  (text: string): Act =>
  (versions) =>
    run(versions, planPropose(versions, currentOf(versions)?.id ?? '', text))

const approve: Act = (versions) => {
  const proposal = proposalOf(versions)
  return proposal === undefined ? versions : run(versions, planApprove(versions, proposal.candidate.id))
}

const ACTS: readonly Act[] = [
  propose('second'),
  propose('third'),
  approve,
  (versions) => run(versions, planWithdraw(versions)),
  (versions) => run(versions, planPublish('push', currentOf(versions)?.id, 'pushed')),
  ...TOKENS.flatMap((token) => [begin(token), create(token), test(token, true), test(token, false), finish(token)]),
]

const AT_FIRST: Versions = [{ id: 'one', stages: ['AWSCURRENT'], text: 'first' }]

function played(...acts: readonly Act[]): Versions {
  return acts.reduce<Versions>((versions, act) => act(versions), AT_FIRST)
}

/** Every order of the acts. */
function everyOrder(versions: Versions, depth: number): number {
  assert.equal(versions.filter(({ stages }) => stages.includes('AWSCURRENT')).length, 1)
  assert.ok(currentOf(versions)?.text !== undefined, 'what is current is never empty')
  if (depth === 0) return 1
  return ACTS.reduce((count, act) => {
    const next = act(versions)
    return count + (next === versions ? 0 : everyOrder(next, depth - 1))
  }, 0)
}

const [first = '', second = ''] = TOKENS

describe('every order of what may happen to a secret with a rotation function', () => {
  for (const [name, start, depth] of [
    ['from the beginning', played(), 6],
    ['from an approved candidate', played(propose('second'), approve), 6],
    ['from a rotation that has begun', played(propose('second'), approve, begin(first), create(first)), 6],
    ['from one that has passed', played(propose('second'), approve, begin(first), create(first), test(first, true)), 6],
    ['from a rehearsal', played(begin(first), create(first), propose('second'), approve), 6],
    [
      'after a promotion',
      played(propose('second'), approve, begin(first), create(first), test(first, true), finish(first)),
      6,
    ],
  ] as const) {
    it(name, (t) => {
      const count = everyOrder(start, depth)
      assert.ok(count > 100, `${count} orders`)
      t.diagnostic(`${count} orders`)
    })
  }

  it('led to promotions', () => {
    assert.ok(promotions > 100, `${promotions} promotions`)
  })
})

describe('the plan', () => {
  const ready = [propose('second'), approve, begin(first), create(first)] as const

  it('promotes, and leaves no label but the one of the test', () => {
    const labels = played(...ready, test(first, true), finish(first)).flatMap(({ stages, text }) =>
      stages.map((stage) => `${stage} ${text}`),
    )
    assert.deepEqual(labels.toSorted(), ['AWSCURRENT second', 'AWSPREVIOUS first', 'PinnedFetchTested second'])
  })

  it('says what a rehearsal is none but that for', () => {
    const why = (versions: Versions) => {
      const course = courseOf(begin(first)(versions), first, 'required')
      return course.kind === 'rehearsal' ? course.why : course.kind
    }
    assert.equal(why(played()), 'no candidate waits')
    assert.match(why(played(propose('second'))), /^version \S+ waits, and is not approved$/)
    assert.match(why(played(propose('second'), approve, propose('third'))), /: what is approved is version/)
    assert.equal(why(played(propose('second'), approve)), 'promotion')
  })

  for (const [name, versions, code] of [
    ['of a secret that holds nothing', [], 'nothing-is-current'],
    ['of a token that is not pending', played(begin(first)), 'not-pending'],
    ['of a withdrawn approval', played(...ready, (all) => run(all, [planWithdraw(all)[0] as Step])), 'not-approved'],
    ['of a withdrawn candidate', played(...ready, (all) => run(all, planWithdraw(all))), 'not-the-candidate'],
    ['of a moved base', played(...ready, ACTS[4] as Act), 'base-moved'],
  ] as const) {
    it(`refuses to go on: ${name}`, () => {
      const course = courseOf(versions, code === 'not-pending' ? second : first, 'required')
      assert.equal(course.kind === 'refusal' && course.code, code)
    })
  }

  it('takes what the command line put on AWSPENDING for none of its own', () => {
    const id = versionIdFor('start', 'one', 'second')
    const versions: Versions = [...AT_FIRST, { id, stages: ['AWSPENDING'], text: 'second' }]
    const course = courseOf(versions, id, 'automatic')
    assert.deepEqual(course.kind === 'refusal' && [course.code, course.steps], ['started-by-hand', []])
  })
})

describe('what is said of a candidate before its hosts are asked', () => {
  const A = 'sha256/grX4Ta9HpZx6tSHkmCrvpApTQGo67CYDnvprLg5yRME='
  const B = 'sha256/klO23nT2ehFDXCfx3eHTDRESMz3asj1muO+4aIdjiuY='
  const C = 'sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='
  const policy = (hosts: object, rest: object = {}) => parsePolicy({ version: 1, serial: 7, hosts, ...rest })

  it('is all that push refuses, and a signature that is gone', () => {
    const before = { policy: policy({ 'a.example': { pins: [A, B] } }), isSigned: true }
    const codes = (hosts: object, isSigned: boolean, rest?: object) =>
      objectionsTo({ policy: policy(hosts, rest), isSigned }, before, 0).map(({ code }) => code)
    assert.deepEqual(codes({ 'a.example': { pins: [B, A] } }, true), [])
    assert.deepEqual(codes({ 'a.example': { pins: [B, A] } }, false), ['signature-gone'])
    assert.deepEqual(codes({ 'a.example': { pins: [C] } }, true, { serial: 6 }), ['serial-falls', 'every-pin-replaced'])
    assert.deepEqual(codes({ 'b.example': { pins: [A, B] } }, true), ['host-refused'])
  })

  it('touches the patterns that came, and those with other keys; all where more keys are denied', () => {
    const before = policy({ 'a.example': { pins: [A, B] }, '*.b.example': { pins: [A, B] } })
    const touched = (hosts: object, rest?: object) => touchedPatterns(before, policy(hosts, rest))
    const same = { 'a.example': { pins: [A, B] }, '*.b.example': { pins: [{ sha256: A.slice(7), name: 'x' }, B] } }
    assert.deepEqual(touched(same), [])
    assert.deepEqual(touched({ ...same, 'c.example': { pins: [A] } }), ['c.example'])
    assert.deepEqual(touched({ ...same, '*.b.example': { pins: [B, A] } }), ['*.b.example'])
    assert.deepEqual(touched(same, { deny: [C] }), ['a.example', '*.b.example'])
  })

  it('touches the patterns that let through less, or longer or shorter, what no pin matches', () => {
    const entry = (fields: object) => policy({ '*.b.example': { pins: [A, B], ...fields } })
    const [soon, late] = ['2027-01-01T00:00:00Z', '2028-01-01T00:00:00Z']
    const touched = (from: object, to: object) => touchedPatterns(entry(from), entry(to)).length === 1
    for (const [from, to] of [
      [{ mode: 'report' }, {}],
      [{ mode: 'report' }, { mode: 'report', reportUntil: soon }],
      [{ reportUntil: late }, { reportUntil: soon }],
      [{ reportUntil: soon }, {}],
      [{ expires: soon, onExpiry: 'report' }, {}],
      [{ expires: soon, onExpiry: 'report' }, { expires: soon }],
      [
        { expires: soon, onExpiry: 'report' },
        { expires: late, onExpiry: 'report' },
      ],
    ] as const) {
      assert.ok(touched(from, to) && touched(to, from), JSON.stringify([from, to]))
      assert.equal(touched(from, from), false)
    }
    // An end that changes nothing about a call.
    assert.equal(touched({ expires: soon }, { expires: late }), false)
    assert.equal(touched({ mode: 'enforce' }, {}), false)
  })
})
