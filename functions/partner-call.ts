/**
 * One call to the partner: how long it may take, how much of the answer is kept.
 *
 * A refusal comes back as data, so that one invocation can make many calls and tell what became of each.
 */

import { findPinnedFetchError } from 'pinned-fetch'

export type CallResult =
  | { readonly status: number; readonly body: string }
  | { readonly code: string; readonly message: string }

/** What is needed of a `fetch`. */
export type Fetch = (
  url: URL,
  options: { readonly signal: AbortSignal },
) => Promise<{ readonly status: number; readonly body: AsyncIterable<Uint8Array> | null }>

/** Well under the function's own timeout, so that a slow partner is a result and not a crash. */
const CALL_TIMEOUT_MS = 10_000

const BODY_MAX_BYTES = 1024

/** Calls, and gives the status with the first {@link BODY_MAX_BYTES} of the body, or why there is none. */
export async function callPartner(fetch: Fetch, url: URL): Promise<CallResult> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(CALL_TIMEOUT_MS) })
    return { status: response.status, body: await firstBytes(response.body) }
  } catch (error) {
    return refusal(error)
  }
}

/** Ours by its code; any other (Node's TLS verification, the network) by the code of what `fetch failed` was caused by. */
function refusal(error: unknown): CallResult {
  const failure = findPinnedFetchError(error)
  if (failure) return { code: failure.code, message: failure.message }
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (!(cause instanceof Error)) return { code: 'UNKNOWN', message: String(cause) }
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name
  return { code, message: cause.message }
}

/** Leaves the connection open for the next call when the body ends within the bound; a longer one is cancelled. */
async function firstBytes(body: AsyncIterable<Uint8Array> | null): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body ?? []) {
    chunks.push(chunk)
    length += chunk.byteLength
    if (length > BODY_MAX_BYTES) break
  }
  return Buffer.concat(chunks).subarray(0, BODY_MAX_BYTES).toString()
}
