/**
 * The way to the partner: one port of this machine that leads to whichever server the story says. Who rules it, as the
 * owner of a hijacked route or a poisoned name does, decides who answers; TLS runs through it untouched.
 */

import { connect, createServer, type Socket } from 'node:net'
import { Connections } from '../connections.ts'
import { listen } from '../listen.ts'

export interface Road {
  readonly port: number
  /** Where connections lead that are opened from now on; the open ones stay. */
  leadTo(server: { readonly port: number }): void
  close(): Promise<void>
}

export async function openRoad(server: { readonly port: number }): Promise<Road> {
  const connections = new Connections()
  let destination = server.port
  const front = createServer((near) => {
    const far = connect(destination, '127.0.0.1')
    connections.add(near)
    connections.add(far)
    join(near, far)
    join(far, near)
  })
  const port = await listen(front)
  return {
    port,
    leadTo(next) {
      destination = next.port
    },
    close: async () => {
      connections.destroy()
      await new Promise<void>((resolve) => front.close(() => resolve()))
    },
  }
}

/** Whatever `from` sent arrives before its end does: a byte lost here would be a byte the attacker was not seen to get. */
function join(from: Socket, to: Socket): void {
  from.pipe(to)
  from.once('close', () => to.end())
}
