/** The client's end of server.ts: starts it, and tells it what to do with the next connections. */

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { LookupFunction } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Held, intermediateOf, keptKeys, leafOf, rootAuthority } from '../support/authority.ts'
import type { ServerFiles, ServerMode } from './server.ts'

export interface Peer {
  readonly port: number
  readonly root: Held
  readonly issuer: Held
  /** @returns how many connections have resumed a session since it was last asked */
  become(mode: ServerMode): Promise<number>
  close(): void
}

export const HOST = 'api.partner.test'

/** Every name is this machine. */
export const lookup: LookupFunction = (_host, { all }, found) =>
  all ? found(null, [{ address: '127.0.0.1', family: 4 }]) : found(null, '127.0.0.1', 4)

export interface PeerOptions {
  /** Certificates of the same key that the server holds. Unset: 1. */
  readonly leaves?: number
  /** Unset: {@link HOST}. */
  readonly names?: readonly string[]
  /** Whether HTTP/2 is offered. Unset: no. */
  readonly http2?: boolean
}

/** A root of RSA 4096, an issuer and leaves of P-256: like most of what the Web serves. */
export async function startPeer({ leaves = 1, names = [HOST], http2 = false }: PeerOptions = {}): Promise<Peer> {
  const root = await rootAuthority('Bench Root', { kind: 'rsa4096' })
  const issuer = await intermediateOf(root, 'Bench CA')
  const keys = await keptKeys('p256', 'bench leaf')
  const held = await Promise.all(Array.from({ length: leaves }, () => leafOf(issuer, names, { keys })))
  const files: ServerFiles = {
    key: held[0]?.privateKey ?? '',
    chains: held.map(({ certificate }) => certificate + issuer.certificate),
    http2,
  }
  const folder = mkdtempSync(join(tmpdir(), 'pinned-fetch-peer-'))
  const path = join(folder, 'files.json')
  writeFileSync(path, JSON.stringify(files))
  const child = fork(fileURLToPath(new URL('server.ts', import.meta.url)), [path])
  const [port] = await once(child, 'message')
  rmSync(folder, { recursive: true, force: true })
  return {
    port: Number(port),
    root,
    issuer,
    become: async (mode) => {
      child.send(mode)
      const [{ resumed }] = await once(child, 'message')
      return resumed
    },
    close: () => void child.disconnect(),
  }
}
