/**
 * undici, read step by step: whole, it holds the process for as long as Secrets Manager takes to answer, and the request
 * for the policy, whose connection is being opened meanwhile, would go out only then.
 *
 * None of these files sets the process's own dispatcher: that is the last step (undici.ts).
 */

/// <reference path="./files.d.ts" />

/** In the order in which undici's index comes by them: some take over what an earlier one has left. */
const STEPS: readonly (() => Promise<unknown>)[] = [
  () => import('undici/lib/core/util.js'),
  () => import('undici/lib/dispatcher/client.js'),
  () => import('undici/lib/web/fetch/headers.js'),
  () => import('undici/lib/web/fetch/response.js'),
]

/**
 * Reads all but the last.
 *
 * @param turn lets happen what the process waits for; `undefined`: it waits for nothing
 */
export async function readSteps(turn: () => Promise<void> | undefined): Promise<void> {
  for (const read of STEPS) {
    await turn()
    await read()
  }
}
