/** The share of new connections that resume a session, by undici with and without the guard. */

import { Pool, request } from 'undici'
import { createGuard } from '../../lib/index.ts'
import { HOST, lookup, type Peer, startPeer } from './peer.ts'

const CONNECTIONS = 100

export interface Resumption {
  /** Of {@link CONNECTIONS} new connections one after the other, the first left out: 0 to 1. */
  readonly plain: number
  readonly judged: number
  /** With `maxCachedSessions: 0`, which is how others keep a check of the identity from being skipped. */
  readonly uncached: number
}

export async function measureResumption(): Promise<Resumption> {
  const peer = await startPeer()
  const ca = peer.root.certificate
  const origin = `https://${HOST}:${peer.port}`
  const pool = new Pool(origin, { connect: { ca, lookup } })
  const withoutSessions = new Pool(origin, { connect: { ca, lookup, maxCachedSessions: 0 } })
  const guard = createGuard({ policy: { [HOST]: [peer.issuer.pin, peer.root.pin] }, ca, lookup, metrics: false })
  await guard.ready()
  const call = async (dispatcher: typeof pool | typeof guard.dispatcher) => {
    const { body } = await request(origin, { dispatcher, headers: { connection: 'close' } })
    await body.text()
  }
  const plain = await share(peer, () => call(pool))
  const judged = await share(peer, () => call(guard.dispatcher))
  const uncached = await share(peer, () => call(withoutSessions))
  await Promise.all([guard.close(), pool.close(), withoutSessions.close()])
  peer.close()
  return { plain, judged, uncached }
}

async function share(peer: Peer, call: () => Promise<void>): Promise<number> {
  await peer.become({ resumes: true, isNewEachTime: false })
  for (let connection = 0; connection < CONNECTIONS; connection++) await call()
  return (await peer.become({ resumes: true, isNewEachTime: false })) / (CONNECTIONS - 1)
}
