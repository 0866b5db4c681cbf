/**
 * In a process of its own, whose clock may stand at another time: serves cases one after the other from one TLS
 * server, asks every client, and tells the parent each outcome.
 *
 * One call at a time, and the next only when every connection of the last is gone: so a client gets the chain of its own
 * case, and every byte that the server sees is of the call that was just made.
 */

import { once } from 'node:events'
import { type PresentedChain, startTlsServer, type TlsServer } from '../../support/tls-server.ts'
import { isPathological, type ServedCase } from './cases.ts'
import { AGENT_CALLER, askGuard, askNodeAlone, type Caller, OTHER_CALLERS, pinsOf, STRANGERS_PIN } from './clients.ts'
import type { GuardAnswer, Outcome, Portion, SurfaceOutcome } from './portion.ts'

let server: TlsServer | undefined

const [portion] = (await once(process, 'message')) as [Portion]
for (const limbo of portion.cases) {
  process.send?.(await outcomeOf(limbo, limbo.onAllSurfaces ? [AGENT_CALLER, ...OTHER_CALLERS] : [AGENT_CALLER]))
}
await server?.close()
process.disconnect()

async function outcomeOf(limbo: ServedCase, callers: readonly Caller[]): Promise<Outcome> {
  const serving = await serve({
    key: limbo.peer_certificate_key,
    chain: [limbo.peer_certificate, ...limbo.untrusted_intermediates],
  })
  const nodeAlone = await askNodeAlone(limbo, serving.port)
  await serving.whenConnectionsClosed()
  const surfaces: SurfaceOutcome[] = []
  const pins = pinsOf(limbo)
  for (const caller of callers) {
    surfaces.push({
      surface: caller.name,
      pinned: await answerOf(caller, limbo, { serving, pins }),
      stranger: await answerOf(caller, limbo, { serving, pins: [STRANGERS_PIN] }),
    })
  }
  return {
    id: limbo.id,
    expected: limbo.expected_result === 'SUCCESS' ? 'accepted' : 'refused',
    pathological: isPathological(limbo),
    nodeAlone,
    surfaces,
  }
}

async function serve(chain: PresentedChain): Promise<TlsServer> {
  if (server === undefined) server = await startTlsServer(chain)
  else server.present(chain)
  return server
}

async function answerOf(
  caller: Caller,
  limbo: ServedCase,
  { serving, pins }: { readonly serving: TlsServer; readonly pins: readonly string[] },
): Promise<GuardAnswer> {
  serving.recording.clear()
  const answer = await askGuard(caller, { limbo, port: serving.port, pins })
  await serving.whenConnectionsClosed()
  return { ...answer, bytes: serving.recording.bytes, requests: serving.recording.requests }
}
