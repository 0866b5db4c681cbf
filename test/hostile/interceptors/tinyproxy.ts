/**
 * tinyproxy (tinyproxy.github.io), as an honest tunnel that may ask for a password. It finds names by the machine's own
 * means, so it can only be asked for `localhost`.
 */

import { type Place, startProgram } from './program.ts'
import type { Tunnel, TunnelOptions } from './tunnel.ts'

export async function startTinyproxy(options: TunnelOptions): Promise<Tunnel> {
  const program = await startProgram({
    command: 'tinyproxy',
    files: (place) => ({ 'tinyproxy.conf': configuration(place, options) }),
    parameters: () => ['-d', '-c', 'tinyproxy.conf'],
    ready: /Accepting connections/,
  })
  return {
    port: program.port,
    requests: async () => {
      const log = await program.written()
      return Array.from(log.matchAll(/Request \(file descriptor \d+\): (.+)/g), ([, line]) => line ?? '')
    },
    written: () => program.written(),
    stop: () => program.stop(),
  }
}

function configuration({ port }: Place, { originPort, credentials }: TunnelOptions): string {
  const lines = [
    `Port ${port}`,
    'Listen 127.0.0.1',
    'Allow 127.0.0.1',
    'Timeout 60',
    'MaxClients 50',
    'LogLevel Info',
    `ConnectPort ${originPort}`,
    ...(process.getuid?.() === 0 ? ['User nobody'] : []),
    ...(credentials ? [`BasicAuth ${credentials.user} ${credentials.password}`] : []),
  ]
  return `${lines.join('\n')}\n`
}
