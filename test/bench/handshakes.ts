/**
 * What the judgement adds to a handshake: the same call over `node:https` with and without the guard, in turns.
 *
 * Every call opens a connection of its own. Client and server share this process, so the absolute times hold both; the
 * difference between a row and its plain counterpart is the guard.
 */

import { Agent, get } from 'node:https'
import type { LookupFunction } from 'node:net'
import { createSecureContext, rootCertificates } from 'node:tls'
import { createGuard } from '../../lib/index.ts'
import { TrustSet } from '../../lib/x509/trust-set.ts'
import { intermediateOf, keptKeys, leafOf, presented, rootAuthority } from '../support/authority.ts'
import { startTlsServer } from '../support/tls-server.ts'
import { median } from './median.ts'

const ROUNDS = 200
const WARM_UP_ROUNDS = 20

const HOST = 'api.partner.test'

const lookup: LookupFunction = (_host, { all }, found) =>
  all ? found(null, [{ address: '127.0.0.1', family: 4 }]) : found(null, '127.0.0.1', 4)

interface CallTimes {
  readonly plainFull: number
  readonly judgedNew: number
  readonly judgedKnown: number
  readonly plainResumed: number
  readonly judgedResumed: number
}

/** Medians in ms. */
export interface HandshakeTimes extends CallTimes {
  /** Once per environment: reading Node's own roots, at the first judgement. */
  readonly readingRoots: number
}

export async function measureHandshakes(): Promise<HandshakeTimes> {
  const root = await rootAuthority('Bench Root', { kind: 'rsa4096' })
  const issuer = await intermediateOf(root, 'Bench CA')
  const keys = await keptKeys('p256', 'bench leaf')
  const renewals = await Promise.all(
    Array.from({ length: WARM_UP_ROUNDS + ROUNDS }, () => leafOf(issuer, [HOST], { keys })),
  )
  const server = await startTlsServer(presented(await leafOf(issuer, [HOST], { keys }), issuer))
  const guard = createGuard({
    policy: { [HOST]: [issuer.pin, root.pin] },
    ca: root.certificate,
    lookup,
    metrics: false,
  })
  // One TLS context for all connections, as the guard has it: making one costs as much as a handshake.
  const secureContext = createSecureContext({ ca: root.certificate })
  const plain = new Agent({ secureContext, lookup, maxCachedSessions: 0 })
  const resuming = new Agent({ secureContext, lookup })
  await guard.ready()
  const url = `https://${HOST}:${server.port}/`

  const samples: CallTimes[] = []
  for (const [round, leaf] of renewals.entries()) {
    // A certificate that the guard has not seen, then the same once more, then a session.
    server.present(presented(leaf, issuer))
    server.ticketKeysRenew()
    const judgedNew = await timed(url, guard.agent)
    server.ticketKeysRenew()
    const judgedKnown = await timed(url, guard.agent)
    const judgedResumed = await timed(url, guard.agent)
    const plainFull = await timed(url, plain)
    await timed(url, resuming)
    const plainResumed = await timed(url, resuming)
    if (round >= WARM_UP_ROUNDS) samples.push({ plainFull, judgedNew, judgedKnown, plainResumed, judgedResumed })
  }
  if (server.recording.resumed < 2 * ROUNDS) throw new Error('the sessions were not resumed')
  await guard.close()
  await server.close()
  const middle = (name: keyof CallTimes) => median(samples.map((times) => times[name]))
  return {
    plainFull: middle('plainFull'),
    judgedNew: middle('judgedNew'),
    judgedKnown: middle('judgedKnown'),
    plainResumed: middle('plainResumed'),
    judgedResumed: middle('judgedResumed'),
    readingRoots: rootsTime(),
  }
}

function timed(url: string, agent: Agent): Promise<number> {
  const startedAt = performance.now()
  return new Promise((resolve, reject) => {
    get(url, { agent, headers: { connection: 'close' } }, (response) => {
      response.resume().once('close', () => resolve(performance.now() - startedAt))
    }).once('error', reject)
  })
}

function rootsTime(): number {
  const times = Array.from({ length: 15 }, () => {
    const startedAt = performance.now()
    new TrustSet(rootCertificates).named([])
    return performance.now() - startedAt
  })
  return median(times)
}
