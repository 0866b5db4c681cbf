/**
 * The answer to CloudFormation: a PUT of JSON to the URL that came with the event, which is signed for exactly that.
 *
 * AWS CloudFormation User Guide, "Custom resource response objects": at most 4096 bytes, no content type.
 */

import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { CloudFormationCustomResourceEvent } from 'aws-lambda'

export interface Answer {
  readonly status: 'SUCCESS' | 'FAILED'
  readonly reason?: string
  readonly data?: Readonly<Record<string, string>>
}

/** So that the whole stays below 4096 bytes; a character may take three, and JSON escapes. */
const REASON_MAX_CHARACTERS = 600

const ATTEMPTS = 3

/** Of one attempt: what listens there is Amazon S3. */
const ATTEMPT_MS = 4_000

/** @throws {Error} when nobody takes it; Lambda then runs the event again */
export async function answerTo(
  event: CloudFormationCustomResourceEvent,
  { status, reason, data, physicalId }: Answer & { readonly physicalId: string },
  budget: AbortSignal,
): Promise<void> {
  const { StackId, RequestId, LogicalResourceId } = event
  const body = JSON.stringify({
    Status: status,
    ...(reason === undefined ? {} : { Reason: reason.slice(0, REASON_MAX_CHARACTERS) }),
    PhysicalResourceId: physicalId,
    StackId,
    RequestId,
    LogicalResourceId,
    ...(data === undefined ? {} : { Data: data }),
  })
  const failures: unknown[] = []
  while (failures.length < ATTEMPTS) {
    try {
      return await put(event.ResponseURL, body, AbortSignal.any([budget, AbortSignal.timeout(ATTEMPT_MS)]))
    } catch (error) {
      failures.push(error)
      if (budget.aborted) break
    }
  }
  // Not the URL: whoever has it can answer in our place.
  throw new Error(`Cannot answer CloudFormation: ${String((failures.at(-1) as Error | undefined)?.message)}`)
}

function put(url: string, body: string, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const request = url.startsWith('https:') ? requestHttps : requestHttp
  // The signature covers an empty content type.
  const headers = { 'content-type': '', 'content-length': Buffer.byteLength(body) }
  const outgoing = request(url, { method: 'PUT', headers, signal, agent: false }, (incoming) => {
    incoming.resume()
    incoming.once('error', reject)
    incoming.once('end', () => {
      const { statusCode = 0 } = incoming
      if (statusCode >= 200 && statusCode < 300) resolve()
      else reject(new Error(`HTTP ${statusCode}`))
    })
  })
  outgoing.once('error', reject)
  outgoing.end(body)
  return promise
}
