/**
 * The four steps. Each reads the secret anew, finds out what the rotation is for (lib/policy/rotation-steps.ts), and does
 * its part; whatever was done before is found done. AWSCURRENT moves in one call of the last step, and nowhere else.
 */

import { findPinnedFetchError } from '../../lib/errors.ts'
import type { Observer } from '../../lib/events.ts'
import type { Call } from '../../lib/judge.ts'
import type { Policy } from '../../lib/policy/document.ts'
import { CURRENT, holderOf, PENDING, type StagedVersion, type Step, TESTED, take } from '../../lib/policy/rotation.ts'
import { leftOf, objectionsTo, touchedPatterns } from '../../lib/policy/rotation-proposal.ts'
import { type Course, courseOf, givenWay, planFinish, planTested } from '../../lib/policy/rotation-steps.ts'
import { targetsOf } from '../../lib/watch/target.ts'
import { type OpenedPolicy, openBase, openPolicy } from './document.ts'
import { MARGIN_MS, testHosts } from './hosts.ts'
import { RotationRefused } from './refusal.ts'
import type { RotationRequest } from './request.ts'
import type { RotatedSecret } from './secret.ts'
import type { Settings } from './settings.ts'
import { readStanding } from './standing.ts'

export interface Shift {
  readonly secret: RotatedSecret
  readonly settings: Settings
  readonly observer: Observer
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Aborted when there is no time left to look at hosts. */
  readonly signal: AbortSignal
}

type Work = Extract<Course, { kind: 'promotion' | 'rehearsal' }>

/** @throws {RotationRefused} when the rotation must not go on; any other error may be gone the next time */
export async function doStep({ step, token, secretId }: RotationRequest, shift: Shift): Promise<void> {
  const { secret, settings } = shift
  const { names, isRotated, versions } = await secret.describe().catch((error) => fail(error, token, shift))
  if (!names.includes(settings.secretId))
    throw new TypeError(`Secret ${secretId} is not the one of PINNED_FETCH_SECRET_ID`)
  if (!isRotated) throw new Error(`Secret ${secretId} is not enabled for rotation`)
  refuseStranger(versions, token)
  if (step === 'setSecret') return
  try {
    if (step === 'createSecret') await create(token, versions, shift)
    if (step === 'testSecret') await test(token, versions, shift)
    if (step === 'finishSecret') await finish(token, versions, shift)
  } catch (error) {
    fail(error, token, shift)
  }
}

/** Whatever it was, a rotation that was asked for has not happened, and somebody has to hear of it. */
function fail(error: unknown, version: string, { observer }: Shift): never {
  const { name, message } = error as Error
  const code = error instanceof RotationRefused ? error.code : (findPinnedFetchError(error)?.code ?? name)
  observer({ type: 'rotation-ended', outcome: 'refused', version, code, message })
  throw error
}

/** As the functions of AWS do. No refusal of a candidate: nobody may be rotating at all. */
function refuseStranger(versions: readonly StagedVersion[], token: string): void {
  const stages = versions.find(({ id }) => id === token)?.stages ?? []
  if (!stages.includes(CURRENT) && !stages.includes(PENDING))
    throw new Error(`Version ${token} is not set as ${PENDING}`)
}

async function create(token: string, described: readonly StagedVersion[], shift: Shift): Promise<void> {
  const { secret, settings } = shift
  const versions = await readStanding(described, token, secret)
  const course = givenWay(courseOf(versions, token, settings.approval), versions, token, settings.approval)
  const work = await workOf(course, shift)
  if (work === undefined) return
  if (work.kind === 'promotion') await examine(work, shift)
  else tell(shift, `a rehearsal, which changes nothing: ${work.why}`)
  if (!work.isWritten) await secret.write(token, work.text)
}

async function test(token: string, described: readonly StagedVersion[], shift: Shift): Promise<void> {
  const { secret, settings, now, signal } = shift
  const versions = await readStanding(described, token, secret)
  const work = await workOf(courseOf(versions, token, settings.approval), shift)
  if (work === undefined) return
  try {
    const { policy, touched, former } = await examine(work, shift)
    const seen = await testHosts({ policy, touched, named: [...settings.hosts, ...former], now, signal })
    tell(shift, `${work.why}: ${seen}`)
  } catch (error) {
    // What has failed is what is to be told, be it cleared away or not.
    await secret.perform(clearedAway(work, versions, token)).catch(() => undefined)
    throw error
  }
  if (work.kind === 'promotion' && work.isWritten) await secret.perform(planTested(versions, token, true))
}

/** A rehearsal leaves nothing behind. A candidate stays on AWSPENDING, so that Secrets Manager can try again. */
function clearedAway({ kind, isWritten }: Work, versions: readonly StagedVersion[], token: string): readonly Step[] {
  if (kind === 'promotion') return planTested(versions, token, false)
  return isWritten ? [take(PENDING, token)] : []
}

async function finish(token: string, described: readonly StagedVersion[], shift: Shift): Promise<void> {
  const { secret, settings } = shift
  const versions = await readStanding(described, token, secret)
  const course = courseOf(versions, token, settings.approval)
  const work = await workOf(course, shift)
  if (work?.kind === 'promotion') await examine(work, shift)
  const plan = planFinish(course, versions, token)
  if ('kind' in plan) throw new RotationRefused(plan.code, plan.message, plan.hint)
  const [first, ...rest] = plan
  if (work?.kind !== 'promotion') {
    const current = holderOf(versions, CURRENT)
    // An earlier step may have ended before it told. A text that was pushed, untested, nobody here has promoted.
    if (current?.stages.includes(TESTED) && leftOf(versions, current).length > 0) tellPromoted(current.id, shift)
    return await secret.perform(plan)
  }
  await secret.perform(first === undefined ? [] : [first])
  tellPromoted(token, shift)
  await secret.perform(rest)
}

/** @returns `undefined` where nothing is left to be done */
async function workOf(course: Course, { secret }: Shift): Promise<Work | undefined> {
  if (course.kind === 'done') return undefined
  if (course.kind !== 'refusal') return course
  await secret.perform(course.steps)
  throw new RotationRefused(course.code, course.message, course.hint)
}

/** The policy of a rotation, and what speaks against it, whatever its hosts show. */
async function examine(
  { kind, text, current }: Work,
  { settings, now }: Shift,
): Promise<OpenedPolicy & { readonly touched: readonly string[]; readonly former: readonly Call[] }> {
  const source = kind === 'promotion' ? 'the candidate' : 'what is current'
  const opened = await openPolicy(text, source, { keys: settings.verifyKeys, now, until: now + MARGIN_MS })
  // Guards without keys can't read an envelope, and nobody here can tell whether those with keys would take it.
  if (kind === 'promotion' && opened.isSigned && settings.verifyKeys.length === 0) {
    const message = 'it is signed, and no key is set here to check the signature with'
    throw new RotationRefused('signature-unchecked', message, 'give the guard "verifyKeys", or propose it unsigned')
  }
  const base = kind === 'promotion' && current.text !== undefined ? openBase(current.text) : undefined
  if (base === undefined) return { ...opened, touched: [], former: [] }
  const objections = objectionsTo(opened, base, now)
  const [first] = objections
  if (first === undefined) {
    const touched = touchedPatterns(base.policy, opened.policy)
    return { ...opened, touched, former: formerPlaces(base.policy, opened.policy) }
  }
  const message = ['it would lock its owner out:', ...objections.map(({ path, message }) => `  ${path} ${message}`)]
  const hint =
    'keep a pin of before beside the new ones, and raise the serial; pinned-fetch rotate abort, and propose again'
  throw new RotationRefused(first.code, message.join('\n'), hint)
}

/** Hosts that had an entry of their own, and that another one covers now. */
function formerPlaces(from: Policy, to: Policy): readonly Call[] {
  return targetsOf(from).calls.filter(({ host, port }) => to.hosts.find(host, port) !== undefined)
}

function tellPromoted(version: string, { observer }: Shift): void {
  observer({ type: 'rotation-ended', outcome: 'promoted', version, code: undefined, message: undefined })
}

function tell({ observer }: Shift, message: string): void {
  observer({ type: 'warning', code: 'rotation', message })
}
