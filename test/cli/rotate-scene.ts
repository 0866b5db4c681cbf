/**
 * A partner with a key of today and a next one, a secret that pins the first, and a file that leads to the second.
 */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { leafOf, presented, rootAuthority } from '../support/authority.ts'
import { startTlsServer, type TlsServer } from '../support/tls-server.ts'
import { SECRET, type SecretScene, secretScene } from './push-scene.ts'
import { runCommand } from './transcript.ts'

export const root = await rootAuthority('Partner Root')
export const today = await leafOf(root, ['localhost'])
export const next = await leafOf(root, ['localhost'])
export const reserve = await leafOf(root, ['localhost'])

export interface RotateScene extends SecretScene {
  readonly server: TlsServer
  readonly folder: string
  /** The partner's next key in the place of its first, from the next handshake on. */
  switchKey(): void
  /** `pinned-fetch rotate <line>`, with the root trusted where hosts are looked at. */
  rotate(line: string): ReturnType<typeof runCommand>
  run(command: string): ReturnType<typeof runCommand>
  /** The stages as they are, each with the serial of what it is on; through `history`. */
  stages(): Promise<Record<string, number | string>>
}

export interface RotateSceneOptions {
  /** Unset: documents with serials. */
  readonly withoutSerials?: boolean
  readonly server?: TlsServer
}

/** In `folder`: `root.pem`, and `next.json`, a candidate. */
export async function rotateScene(
  t: TestContext,
  { withoutSerials = false }: RotateSceneOptions = {},
): Promise<RotateScene> {
  const server = await startTlsServer(presented(today), { respond: () => ({ headers: { connection: 'close' } }) })
  const text = (serial: number, ...pins: readonly string[]) =>
    documentText(server.port, withoutSerials ? undefined : serial, pins)
  const scene = await secretScene(t, [text(7, today.pin, reserve.pin)])
  const folder = await mkdtemp(join(tmpdir(), 'pinned-fetch-rotate-'))
  t.after(async () => {
    await server.close()
    await rm(folder, { recursive: true })
  })
  await writeFile(join(folder, 'root.pem'), root.certificate)
  await writeFile(join(folder, 'next.json'), text(8, next.pin, today.pin, reserve.pin))
  const run = (command: string) => runCommand(command, folder, { env: scene.env })
  return {
    ...scene,
    server,
    folder,
    variables: {
      ...scene.variables,
      PORT: String(server.port),
      TODAY: today.pin,
      NEXT: next.pin,
      RESERVE: reserve.pin,
    },
    switchKey: () => server.present(presented(next)),
    run,
    rotate: (line) =>
      run(`pinned-fetch rotate ${line}${/^(check|promote|watch|retire|abort)/.test(line) ? ' --ca root.pem' : ''}`),
    async stages() {
      const { stdout } = await run(`pinned-fetch history ${SECRET} --json`)
      const episodes: { serial?: number; stages: string[]; version: string }[] = JSON.parse(stdout)
      return Object.fromEntries(
        episodes.flatMap(({ stages, serial, version }) => stages.map((stage) => [stage, serial ?? version])).toSorted(),
      )
    },
  }
}

export function documentText(port: number, serial: number | undefined, pins: readonly string[]): string {
  const hosts = { [`localhost:${port}`]: { pins } }
  return JSON.stringify({ version: 1, ...(serial === undefined ? {} : { serial }), hosts })
}
