/**
 * The initial value of the secret, put there once by CloudFormation: a custom resource.
 *
 * Create and Update write the policy of the template only where the secret has no current version, and that in one step
 * which can't be overtaken: a version that gets a label of its own becomes AWSCURRENT only if it is the first one. So pins
 * that were rotated since are never overwritten, however often the template changes. Delete does nothing.
 *
 * It always answers, with the reason when it failed: CloudFormation would wait for an hour. An answer holds no document.
 * Environment: `PINNED_FETCH_VERIFY_KEYS`, public keys in PEM; the policy must then be signed with one of them.
 */

import type { CloudFormationCustomResourceEvent, Context } from 'aws-lambda'
import { type Answer, answerTo } from './initial-policy/answer.ts'
import { checkPolicy } from './initial-policy/check.ts'
import { type Outcome, putFirst } from './initial-policy/secret.ts'

/** Kept back from the time of an invocation, for the answer. */
const ANSWER_MS = 15_000

/** More than this is never given to Secrets Manager: it answers in milliseconds, or not at all. */
const WORK_MAX_MS = 20_000

export async function handler(event: CloudFormationCustomResourceEvent, context: Context): Promise<void> {
  const answer = await outcomeOf(event, context).then(
    (outcome): Answer => ({ status: 'SUCCESS', data: { Outcome: outcome } }),
    (error): Answer => ({ status: 'FAILED', reason: reasonOf(error) }),
  )
  console.log(
    `initial policy: ${event.RequestType} ${answer.status} ${answer.reason ?? answer.data?.['Outcome'] ?? ''}`,
  )
  const budget = AbortSignal.timeout(Math.max(1, context.getRemainingTimeInMillis() - 1000))
  await answerTo(event, { ...answer, physicalId: physicalIdOf(event) }, budget)
}

async function outcomeOf(
  event: CloudFormationCustomResourceEvent,
  context: Context,
): Promise<Outcome | 'nothing to do'> {
  if (event.RequestType === 'Delete') return 'nothing to do'
  const secretId = property(event, 'SecretId')
  const policy = property(event, 'Policy')
  await checkPolicy(policy, process.env['PINNED_FETCH_VERIFY_KEYS'])
  const work = Math.min(WORK_MAX_MS, context.getRemainingTimeInMillis() - ANSWER_MS)
  return await putFirst({ secretId, policy, token: event.RequestId }, AbortSignal.timeout(Math.max(1, work)))
}

/** The secret's ARN, so that an update replaces nothing; at a Delete whatever CloudFormation knows it as. */
function physicalIdOf(event: CloudFormationCustomResourceEvent): string {
  const { SecretId } = event.ResourceProperties
  if (event.RequestType !== 'Delete' && typeof SecretId === 'string' && SecretId !== '') return SecretId
  return event.RequestType === 'Create' ? event.LogicalResourceId : event.PhysicalResourceId
}

function property({ ResourceProperties }: CloudFormationCustomResourceEvent, name: string): string {
  const value: unknown = ResourceProperties[name]
  if (typeof value === 'string' && value !== '') return value
  throw new Error(`The custom resource has no property "${name}"`)
}

/** The SDK's messages name an action and an ARN, ours a place in the document: no value of it. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error'
  if (error.name === 'TimeoutError' || error.name === 'AbortError') {
    return 'Secrets Manager did not answer in time. In a VPC the function needs a NAT gateway or an interface endpoint'
  }
  return error.name === 'Error' || error.name === 'PinnedFetchError' ? error.message : `${error.name}: ${error.message}`
}
