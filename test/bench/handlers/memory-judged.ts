/** See memory.ts: undici with the guard. */

import { createGuard } from 'pinned-fetch'
import { answerTask, lookup } from './memory-calls.ts'

answerTask(({ ca, hosts, pins }) => {
  const policy = Object.fromEntries(hosts.map((host) => [host, pins]))
  return createGuard({ policy, ca, lookup, metrics: false }).dispatcher
})
