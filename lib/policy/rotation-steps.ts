/**
 * The rotation function as a pure plan: from what the labels of a secret say, and the token of Secrets Manager's rotation,
 * to what that rotation is for.
 *
 *     createSecret: the candidate's text under the token, on AWSPENDING
 *     testSecret: every host · finishSecret: AWSCURRENT
 *
 * Where no approved candidate waits (rotation-proposal.ts), the rotation is a rehearsal: the text of today is tested, and
 * nothing changes. Nothing is remembered between steps: what each is for is told by the texts of the versions, so that a
 * step may be repeated, and a rotation taken up again, at any time.
 */

import {
  CURRENT,
  holderOf,
  isOfPlan,
  PENDING,
  PREVIOUS,
  type StagedVersion,
  type Step,
  TESTED,
  take,
} from './rotation.ts'
import { APPROVED, CANDIDATE, isSame, leftOf, type Proposal, planWithdraw, proposalOf } from './rotation-proposal.ts'

/** Who has to agree before a candidate is promoted. */
export type Approval = 'required' | 'automatic'

/** Why a rotation can't go on. */
export type RefusalCode =
  | 'nothing-is-current'
  | 'not-pending'
  | 'base-moved'
  | 'base-unknown'
  | 'not-approved'
  | 'started-by-hand'
  | 'not-the-candidate'
  | 'gives-way'
  | 'overtaken'
  | 'nothing-written'
  | 'not-tested'

/** What a rotation is for. */
export type Course =
  /** Its version is current. */
  | { readonly kind: 'done'; readonly current: StagedVersion }
  | {
      readonly kind: 'promotion' | 'rehearsal'
      readonly current: StagedVersion
      readonly text: string
      /** Whether the text is under the token already. */
      readonly isWritten: boolean
      /** Of a rehearsal: why it is none but that; of a promotion: of what. */
      readonly why: string
    }
  | {
      readonly kind: 'refusal'
      readonly code: RefusalCode
      readonly message: string
      readonly hint: string
      /** What is to be done all the same. */
      readonly steps: readonly Step[]
    }

type Refusal = Extract<Course, { kind: 'refusal' }>

/** @param versions with the texts of those that are current, pending, candidate, and previous if {@link needsPrevious} */
export function courseOf(versions: readonly StagedVersion[], token: string, approval: Approval): Course {
  const current = holderOf(versions, CURRENT)
  if (current?.text === undefined) {
    return refusal('nothing-is-current', 'nothing in the secret is current', 'pinned-fetch push puts a policy there')
  }
  if (current.id === token) return { kind: 'done', current }
  const pending = versions.find(({ id }) => id === token)
  if (!pending?.stages.includes(PENDING)) {
    const hint = 'nothing has to be done: the rotation of this token is over'
    return refusal('not-pending', `version ${token} is not on AWSPENDING`, hint)
  }
  if (isOfPlan(token)) {
    const message = `version ${token} was put on AWSPENDING by the command line`
    return refusal('started-by-hand', message, 'go on there: pinned-fetch rotate promote, or rotate abort')
  }
  const proposal = proposalOf(versions)
  const ready = proposal?.isApproved || approval === 'automatic' ? proposal : undefined
  const isWritten = pending.text !== undefined
  if (ready !== undefined && (!isWritten || isSame(pending, ready.candidate))) {
    return promotion(ready, current, isWritten)
  }
  if (!isWritten || isSame(pending, current)) {
    return { kind: 'rehearsal', current, text: current.text, isWritten, why: whyNot(versions, proposal) }
  }
  if (proposal !== undefined && isSame(pending, proposal.candidate)) {
    const message = `version ${proposal.candidate.id}, the candidate, is not approved any more`
    return refusal('not-approved', message, 'pinned-fetch rotate approve; rotate abort gives it up')
  }
  if (isSame(pending, holderOf(versions, PREVIOUS))) {
    const message = `this rotation began as a rehearsal of what is not current any more`
    return { ...refusal('overtaken', message, 'rotate once more'), steps: [take(PENDING, token)] }
  }
  const message = `what version ${token} holds is neither what is current nor an approved candidate`
  return refusal('not-the-candidate', message, 'pinned-fetch rotate abort takes it back; then propose again')
}

/** Whether only the text of before can tell what the version of this token was written for. */
export function needsPrevious(versions: readonly StagedVersion[], token: string): boolean {
  const pending = versions.find(({ id }) => id === token)
  const known = [CURRENT, CANDIDATE].map((stage) => holderOf(versions, stage))
  return pending?.text !== undefined && !known.some((version) => isSame(pending, version))
}

/** What `createSecret` does of it: a rehearsal that was begun gives way to a candidate that has been approved since. */
export function givenWay(
  course: Course,
  versions: readonly StagedVersion[],
  token: string,
  approval: Approval,
): Course {
  const proposal = proposalOf(versions)
  const isReady = proposal !== undefined && (proposal.isApproved || approval === 'automatic')
  if (course.kind !== 'rehearsal' || !course.isWritten || !isReady) return course
  const message = `this rotation began as a rehearsal, and gives way to the approved candidate, version ${proposal.candidate.id}`
  return { ...refusal('gives-way', message, 'rotate once more'), steps: [take(PENDING, token)] }
}

/** The steps of `finishSecret`: one call moves AWSCURRENT, from the version that the candidate was made for. */
export function planFinish(
  course: Course,
  versions: readonly StagedVersion[],
  token: string,
): readonly Step[] | Refusal {
  if (course.kind === 'refusal') return course
  const { current } = course
  // What an interrupted `finishSecret` did not come to, in this rotation or in the one before.
  const left = [...leftOf(versions, current), ...endOf(versions, token)]
  if (course.kind === 'done') return left
  const pending = versions.find(({ id }) => id === token)
  if (!course.isWritten) {
    return refusal('nothing-written', `version ${token} holds nothing`, 'createSecret comes first: rotate once more')
  }
  if (course.kind === 'rehearsal') return left
  if (!pending?.stages.includes(TESTED)) {
    return refusal('not-tested', `version ${token} has passed no test`, 'testSecret comes first: rotate once more')
  }
  const promote: Step = { call: 'move', stage: CURRENT, from: current.id, to: token }
  return [promote, ...planWithdraw(versions), ...endOf(versions, token)]
}

/** Left on what is current, AWSPENDING would stop the next rotation as soon as something else is pushed. */
function endOf(versions: readonly StagedVersion[], token: string): readonly Step[] {
  return holderOf(versions, PENDING)?.id === token ? [take(PENDING, token)] : []
}

/** The label of `testSecret`: set on what passed, taken from what did not. */
export function planTested(versions: readonly StagedVersion[], token: string, passes: boolean): readonly Step[] {
  const holder = holderOf(versions, TESTED)?.id
  if (passes) return holder === token ? [] : [{ call: 'move', stage: TESTED, from: holder, to: token }]
  return holder === token ? [take(TESTED, token)] : []
}

function promotion({ candidate, base }: Proposal, current: StagedVersion, isWritten: boolean): Course {
  const { id, text } = candidate
  if (base === 'current' && text !== undefined) {
    return { kind: 'promotion', current, text, isWritten, why: `candidate ${id}` }
  }
  const again = 'pinned-fetch rotate abort; then propose it again, made from what is current'
  if (base === 'moved') {
    const message = `version ${current.id} is current, and version ${id}, the candidate, was made for another`
    return refusal('base-moved', message, again)
  }
  return refusal('base-unknown', `nothing says which version the candidate, ${id}, was made for`, again)
}

function whyNot(versions: readonly StagedVersion[], proposal: Proposal | undefined): string {
  if (proposal === undefined) return 'no candidate waits'
  const approved = holderOf(versions, APPROVED)
  const elsewhere = approved === undefined ? '' : `: what is approved is version ${approved.id}`
  return `version ${proposal.candidate.id} waits, and is not approved${elsewhere}`
}

function refusal(code: RefusalCode, message: string, hint: string): Refusal {
  return { kind: 'refusal', code, message, hint, steps: [] }
}
