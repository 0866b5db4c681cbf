/**
 * The peers of every row and what they saw.
 *
 *     trusted     Partner Root ─ Partner CA ─ api.partner.test      pinned: CA and leaf
 *                                         └── another.name.test     the pinned leaf's key
 *                 Other Root ─ Attacker CA ─ api.partner.test, uncovered.test
 *     untrusted   Nobody Root ─ api.partner.test
 */

import { cp, mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { attacker, HOST, partner } from '../../attacks/cast.ts'
import { leafOf, presented, rootAuthority } from '../../support/authority.ts'
import { startTlsServer, type TlsServer } from '../../support/tls-server.ts'
import type { Material } from './rows.ts'

const UNDICI = fileURLToPath(new URL('../../../node_modules/undici', import.meta.url))

export interface Scene {
  readonly material: Material
  /** Of the trusted roots, for a process that is given them in another way than by `ca`. */
  readonly directory: string
  readonly roots: string
  readonly pinned: TlsServer
  /** By peer: who must never be sent a byte. The uncovered host is the mispinned server. */
  readonly forbidden: Readonly<Record<'mispinned' | 'untrusted' | 'misnamed', TlsServer>>
  close(): Promise<void>
}

export async function startScene(): Promise<Scene> {
  const { root, issuing, leaf } = await partner()
  const other = await attacker()
  const rogueRoot = await rootAuthority('Nobody Root')
  const rogueLeaf = await leafOf(rogueRoot, [HOST])
  const misnamedLeaf = await leafOf(issuing, ['another.name.test'], { keys: leaf })
  const otherLeaf = await leafOf(other.issuing, [HOST, 'uncovered.test'])
  const pinned = await startTlsServer(presented(leaf, issuing))
  const mispinned = await startTlsServer(presented(otherLeaf, other.issuing, issuing, leaf))
  const untrusted = await startTlsServer(presented(rogueLeaf, rogueRoot, issuing, leaf))
  const misnamed = await startTlsServer(presented(misnamedLeaf, issuing))
  const directory = await mkdtemp(join(tmpdir(), 'pinned-fetch-around-'))
  const secondUndici = join(directory, 'undici')
  await cp(UNDICI, secondUndici, { recursive: true })
  const unix = await startUnixDoor(join(directory, 'socket'), mispinned)
  const at = (host: string, { port }: TlsServer) => `https://${host}:${port}/`
  const material: Material = {
    peers: {
      pinned: at(HOST, pinned),
      mispinned: at(HOST, mispinned),
      untrusted: at(HOST, untrusted),
      misnamed: at(HOST, misnamed),
      uncovered: at('uncovered.test', mispinned),
    },
    policy: { version: 1, hosts: { [HOST]: { pins: [issuing.pin, leaf.pin] } } },
    ca: [root.certificate, other.root.certificate],
    rogueRoot: rogueRoot.certificate,
    mispin: otherLeaf.pin.replace('sha256/', ''),
    unixPath: unix.path,
    secondUndici,
  }
  return {
    material,
    directory,
    roots: `${root.certificate}${other.root.certificate}`,
    pinned,
    forbidden: { mispinned, untrusted, misnamed },
    async close() {
      unix.close()
      await Promise.all([pinned, mispinned, untrusted, misnamed].map((server) => server.close()))
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** Another way to a server, which needs no port. */
async function startUnixDoor(path: string, { port }: TlsServer) {
  const open = new Set<Socket>()
  const door = createServer((socket) => {
    const onward = connect(port, '127.0.0.1')
    for (const end of [socket, onward]) open.add(end.on('error', () => undefined))
    socket.pipe(onward).pipe(socket)
  })
  await new Promise<void>((resolve) => door.listen(path, resolve))
  const close = () => {
    door.close()
    for (const socket of open) socket.destroy()
  }
  return { path, close }
}
