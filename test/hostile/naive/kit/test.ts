/**
 * `node:test` for the tests of test/attacks when they are played against the tutorial guard: every test is noted in
 * plays.ts, and none may wait for ever for what this guard never does.
 */

import { relative } from 'node:path'
import * as real from 'node:test'
import { fileURLToPath } from 'node:url'
import { noting } from './plays.ts'

export { after, afterEach, before, beforeEach, describe } from 'node:test'

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))

/** A test that takes longer hangs, ms. */
const LIMIT_MS = 20_000

type Body = (t: real.TestContext) => unknown

export function it(name: string, ...rest: readonly unknown[]): Promise<void> {
  const body = rest.at(-1) as Body
  const options = rest.length > 1 ? (rest[0] as object) : {}
  return real.it(name, { timeout: LIMIT_MS, ...options }, async (t) => {
    const { fullName, filePath } = t as real.TestContext & { readonly filePath?: string }
    await noting({ file: relative(ROOT, filePath ?? ''), name: fullName }, () => body(t as real.TestContext))
  })
}
