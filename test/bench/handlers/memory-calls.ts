/** The process that memory.ts measures: makes its calls by undici, ten at a time, and tells its resident memory. */

import { lookup as lookupName } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { type Dispatcher, request } from 'undici'

export interface MemoryTask {
  readonly port: number
  /** PEM. */
  readonly ca: string
  readonly pins: readonly string[]
  readonly hosts: readonly string[]
  readonly calls: number
  /** How often the memory is told on the way. Unset: only at the end. */
  readonly reports?: number
}

const AT_ONCE = 10

/** Every name is this machine. */
export const lookup: LookupFunction = (_host, options, found) => lookupName('127.0.0.1', options, found)

export function answerTask(dispatcherFor: (task: MemoryTask) => Dispatcher): void {
  process.once('message', async (task: MemoryTask) => {
    const { port, hosts, calls, reports = 1 } = task
    const dispatcher = dispatcherFor(task)
    for (let report = 0; report < reports; report++) {
      let call = 0
      const worker = async () => {
        while (call < calls) {
          const host = hosts[call++ % hosts.length]
          const { body } = await request(`https://${host}:${port}/`, { dispatcher })
          await body.text()
        }
      }
      await Promise.all(Array.from({ length: AT_ONCE }, worker))
      for (let round = 0; round < 2; round++) {
        globalThis.gc?.()
        await new Promise((resolve) => setImmediate(resolve))
      }
      process.send?.(process.memoryUsage().rss / 1e6)
    }
  })
}
