/**
 * What calls leave behind: the resident memory of a process that made 10,000 calls to 50 hosts, with and without the
 * guard. Each side runs in a process of its own, from a bundle as a function would, several times, in turns.
 */

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { bundleHandler } from './bundle.ts'
import type { MemoryTask } from './handlers/memory-calls.ts'
import { type Peer, startPeer } from './peer.ts'

export const SIDES = ['plain', 'judged'] as const

/** Megabytes after the calls, run by run. */
export type Memory = Readonly<Record<(typeof SIDES)[number], number[]>>

const HOSTS = Array.from({ length: 50 }, (_, index) => `api-${index}.partner.test`)
const CALLS = 10_000

export async function measureMemory(runs: number, folder: string): Promise<Memory> {
  const memory: Memory = { plain: [], judged: [] }
  const peer = await startPeer({ names: HOSTS })
  const files = {
    plain: await bundleHandler('memory-plain', folder),
    judged: await bundleHandler('memory-judged', folder),
  }
  for (let run = 0; run < runs; run++) {
    for (const side of run % 2 === 0 ? SIDES : [...SIDES].reverse()) {
      for await (const megabytes of memoryOf(files[side], taskFor(peer))) memory[side].push(megabytes)
    }
  }
  peer.close()
  return memory
}

/** One process with the guard that goes on for `reports` times {@link CALLS} calls: does it grow? */
export async function* soak(reports: number, folder: string): AsyncGenerator<number> {
  const peer = await startPeer({ names: HOSTS })
  const file = await bundleHandler('memory-judged', folder)
  try {
    yield* memoryOf(file, { ...taskFor(peer), reports })
  } finally {
    peer.close()
  }
}

function taskFor({ port, root, issuer }: Peer): MemoryTask {
  return { port, ca: root.certificate, pins: [issuer.pin, root.pin], hosts: HOSTS, calls: CALLS }
}

async function* memoryOf(file: string, task: MemoryTask): AsyncGenerator<number> {
  const child = fork(file, { execArgv: ['--expose-gc'] })
  child.send(task)
  try {
    for (let report = 0; report < (task.reports ?? 1); report++) yield Number((await once(child, 'message'))[0])
  } finally {
    child.kill()
  }
}
