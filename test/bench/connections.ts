/**
 * What the judgement adds to a connection: the same call over `node:https` with and without the guard, each on a
 * connection of its own, in turns.
 *
 * The server is another process. What is counted is the processor time of this one, which other work of the machine does
 * not stretch, beside the time on the clock.
 */

import { Agent, get } from 'node:https'
import { createSecureContext } from 'node:tls'
import { createGuard } from '../../lib/index.ts'
import { HOST, lookup, startPeer } from './peer.ts'
import type { ServerMode } from './server.ts'

/** Connections of a block: enough that the clock of the processor can tell. */
const BLOCK = 50

export interface Cost {
  /** Microseconds of this process's processor time for one call, block by block. */
  readonly processor: number[]
  /** Microseconds on the clock for one call, block by block. */
  readonly clock: number[]
}

export type ConnectionKind = 'new' | 'known' | 'resumed'

export type ConnectionCosts = Readonly<Record<ConnectionKind, { readonly plain: Cost; readonly judged: Cost }>>

const MODES: Readonly<Record<ConnectionKind, ServerMode>> = {
  new: { resumes: false, isNewEachTime: true },
  known: { resumes: false, isNewEachTime: false },
  resumed: { resumes: true, isNewEachTime: false },
}

/** @param blocks of each kind and side; the first tenth is left out as warm-up */
export async function measureConnections(blocks: number): Promise<ConnectionCosts> {
  const warmUp = Math.ceil(blocks / 10)
  const peer = await startPeer({ leaves: BLOCK * (blocks + warmUp) })
  const ca = peer.root.certificate
  const guard = createGuard({ policy: { [HOST]: [peer.issuer.pin, peer.root.pin] }, ca, lookup, metrics: false })
  await guard.ready()
  // One TLS context for all connections, as the guard has it: making one costs as much as a handshake.
  const secureContext = createSecureContext({ ca })
  // It offers a session as the guard does, also where the server takes none.
  const plainAgent = new Agent({ secureContext, lookup })
  const url = `https://${HOST}:${peer.port}/`
  const costs = {} as Record<ConnectionKind, { plain: Cost; judged: Cost }>
  for (const kind of ['new', 'known', 'resumed'] as const) {
    await peer.become(MODES[kind])
    const pair = { plain: emptyCost(), judged: emptyCost() }
    for (let block = 0; block < blocks + warmUp; block++) {
      // Who goes first takes turns as well.
      const sides = block % 2 === 0 ? (['plain', 'judged'] as const) : (['judged', 'plain'] as const)
      for (const side of sides) {
        await addBlock(block < warmUp ? emptyCost() : pair[side], url, side === 'plain' ? plainAgent : guard.agent)
      }
    }
    costs[kind] = pair
  }
  await guard.close()
  peer.close()
  return costs
}

function emptyCost(): Cost {
  return { processor: [], clock: [] }
}

async function addBlock(cost: Cost, url: string, agent: Agent): Promise<void> {
  const [usage, startedAt] = [process.cpuUsage(), performance.now()]
  for (let call = 0; call < BLOCK; call++) await once(url, agent)
  const { user, system } = process.cpuUsage(usage)
  cost.clock.push(((performance.now() - startedAt) * 1000) / BLOCK)
  cost.processor.push((user + system) / BLOCK)
}

function once(url: string, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    get(url, { agent, headers: { connection: 'close' } }, (response) => {
      response.resume().once('close', resolve)
    }).once('error', reject)
  })
}
