/**
 * A new environment of each peer: from the start of its process to its first answer, in the real Lambda runtime client
 * where it is built, every time in a fresh process. The peers take turns.
 */

import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { intermediateOf, leafOf, presented, rootAuthority } from '../support/authority.ts'
import { startFunction } from '../support/lambda-runtime.ts'
import { awsEnvironment, startSecretsEndpoint } from '../support/secrets-endpoint.ts'
import { startTlsServer } from '../support/tls-server.ts'
import { bundleHandler } from './bundle.ts'
import type { CallAnswer } from './handlers/timed-call.ts'

/** Files of handlers/. */
export const PEERS = [
  'empty',
  'unpinned',
  'undici-fetch',
  'tutorial-middy',
  'tutorial-powertools',
  'pinned',
  'preconnected',
] as const

export type Peer = (typeof PEERS)[number]

export interface Start {
  /** ms from the start of the process to the first answer. */
  readonly total: number[]
  /** ms of the first call alone, as the handler saw it. */
  readonly firstCall: number[]
}

export type Starts = Readonly<Record<Peer, Start>> & { readonly runtime: string }

/** How long an environment that was started in advance (provisioned concurrency) waits for its first event, in ms. */
const HEAD_START_MS = 600

export interface StartsOptions {
  /** Of every peer. */
  readonly rounds: number
  readonly folder: string
  /** Default: all. */
  readonly peers?: readonly Peer[]
  /** Whether the first event comes only when the environment has been ready for a while. */
  readonly isAhead?: boolean
  /** How long Secrets Manager takes to answer, ms. Default: not at all. */
  readonly secretsTake?: number
}

export async function measureStarts(options: StartsOptions): Promise<Starts> {
  const { rounds, folder, peers = PEERS, isAhead = false, secretsTake = 0 } = options
  const root = await rootAuthority('Bench Root')
  // The check of the tutorials understands RSA keys only.
  const issuer = await intermediateOf(root, 'Bench CA', { kind: 'rsa2048' })
  const partner = await startTlsServer(presented(await leafOf(issuer, ['localhost']), issuer))
  const secrets = await startSecretsEndpoint({ answersAfter: secretsTake })
  const place = `localhost:${partner.port}`
  secrets.put('prod/partner-pins', JSON.stringify({ [place]: [issuer.pin, root.pin] }))
  writeFileSync(`${folder}/root.pem`, root.certificate)
  const environment = { ...awsEnvironment(secrets), NODE_EXTRA_CA_CERTS: `${folder}/root.pem`, BENCH_PLACE: place }
  const starts = { runtime: '' } as Record<Peer, Start> & { runtime: string }
  for (const peer of peers) {
    const file = await bundleHandler(peer, folder)
    mkdirSync(`${folder}/${peer}`, { recursive: true })
    renameSync(file, `${folder}/${peer}/index.mjs`)
    starts[peer] = { total: [], firstCall: [] }
  }
  for (let round = 0; round < rounds; round++) {
    for (const peer of round % 2 === 0 ? peers : [...peers].reverse()) {
      const startedAt = performance.now()
      const options = { taskRoot: `${folder}/${peer}`, handler: 'index.handler', environment }
      const environmentOfPeer = await startFunction(options)
      if (isAhead) await new Promise((resolve) => setTimeout(resolve, HEAD_START_MS))
      const { kind, body, text } = await environmentOfPeer.invoke({ url: `https://${place}/` })
      if (kind === 'error') throw new Error(`${peer}: ${text}\n${environmentOfPeer.stderr.join('\n')}`)
      starts[peer].total.push(performance.now() - startedAt)
      starts[peer].firstCall.push((body as Partial<CallAnswer>).callMs ?? Number.NaN)
      starts.runtime = environmentOfPeer.runtime
      await environmentOfPeer.stop()
    }
  }
  await Promise.all([partner.close(), secrets.close()])
  return starts
}
