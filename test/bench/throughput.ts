/**
 * Requests per second on warm connections, by undici with and without the guard, in turns: HTTP/1.1 and HTTP/2, one and
 * many in flight.
 */

import { Agent, type Dispatcher, request } from 'undici'
import { createGuard } from '../../lib/index.ts'
import { HOST, lookup, startPeer } from './peer.ts'

const MANY = 64

export interface Rates {
  readonly plain: number[]
  readonly judged: number[]
}

export interface Throughput extends Rates {
  readonly protocol: 'HTTP/1.1' | 'HTTP/2'
  readonly inFlight: number
}

/** @param rounds of each kind and side @param roundMs how long a round goes on */
export async function measureThroughput(rounds: number, roundMs: number): Promise<readonly Throughput[]> {
  const results: Throughput[] = []
  for (const http2 of [false, true]) {
    const peer = await startPeer({ http2 })
    const ca = peer.root.certificate
    const guard = createGuard({ policy: { [HOST]: [peer.issuer.pin, peer.root.pin] }, ca, lookup, metrics: false })
    await guard.ready()
    const sides = { plain: new Agent({ allowH2: http2, connect: { ca, lookup } }), judged: guard.dispatcher }
    for (const inFlight of [1, MANY]) {
      const rates: Rates = { plain: [], judged: [] }
      for (let round = -1; round < rounds; round++) {
        // The first round opens the connections and is left out.
        for (const side of round % 2 === 0 ? (['plain', 'judged'] as const) : (['judged', 'plain'] as const)) {
          const rate = await measure(`https://${HOST}:${peer.port}/`, sides[side], inFlight, roundMs)
          if (round >= 0) rates[side].push(rate)
        }
      }
      results.push({ protocol: http2 ? 'HTTP/2' : 'HTTP/1.1', inFlight, ...rates })
    }
    await Promise.all([guard.close(), sides.plain.close()])
    peer.close()
  }
  return results
}

async function measure(url: string, dispatcher: Dispatcher, inFlight: number, roundMs: number): Promise<number> {
  const startedAt = performance.now()
  const endsAt = startedAt + roundMs
  let done = 0
  const worker = async () => {
    while (performance.now() < endsAt) {
      const { body } = await request(url, { dispatcher })
      await body.text()
      done += 1
    }
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
  return (done * 1000) / (performance.now() - startedAt)
}
