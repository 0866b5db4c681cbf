/**
 * `node:assert/strict` for the same tests: where one says that a call must reject, any rejection will do, since the
 * tutorial guard has no codes of ours. Everything else is as it is.
 */

import assert from 'node:assert/strict'
import { note } from './plays.ts'

async function rejects(call: Promise<unknown> | (() => Promise<unknown>)): Promise<void> {
  try {
    await (typeof call === 'function' ? call() : call)
  } catch {
    note({ demanded: 'refusal', wasMet: true })
    return
  }
  note({ demanded: 'refusal', wasMet: false, what: 'the call was answered' })
}

const lenient = (value: unknown, message?: string | Error) => assert.ok(value, message)

export default Object.assign(lenient, assert, { rejects })
