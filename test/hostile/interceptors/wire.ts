/**
 * The wire to a proxy or an interceptor: a relay that knows when the program has read all that came, and is done.
 *
 * That is what makes an empty record a proof: it is looked at when the program has closed every connection by itself,
 * after the end of what the client sent. A wire can also lie where a client expects the origin, and lead whoever dials
 * into the proxy with a CONNECT of its own: as a network does that redirects its clients without asking them.
 */

import { connect, createServer, type Server, type Socket } from 'node:net'
import { Connections } from '../../support/connections.ts'
import { listen } from '../../support/listen.ts'

export interface Wire {
  readonly port: number
  readonly connections: number
  /** What each client said first, up to the end of the line. */
  readonly firstLines: readonly string[]
  /** When the program has closed all connections, having read them to their end. */
  whenConnectionsClosed(): Promise<void>
  close(): Promise<void>
}

export interface WireOptions {
  /** Where the wire begins. Unset: on a free port of 127.0.0.1. */
  readonly at?: { readonly address: string; readonly port: number }
  /** Asks the program for a tunnel to this `host:port` by itself. Unset: that is for the client to do. */
  readonly redirectTo?: string
}

export async function startWire(programPort: number, { at, redirectTo }: WireOptions = {}): Promise<Wire> {
  const connections = new Connections()
  const firstLines: string[] = []
  let opened = 0
  const server = createServer({ allowHalfOpen: true }, (client: Socket) => {
    const program = connect({ host: '127.0.0.1', port: programPort, allowHalfOpen: true })
    opened += 1
    connections.add(program)
    // A client that breaks off is at its end as well: what it sent until then still goes through.
    client.on('error', () => {}).once('close', () => program.unpipe().resume().end())
    program.on('error', () => {}).once('close', () => client.destroy())
    client.once('data', (chunk) => firstLines.push(chunk.toString('latin1').split('\r\n', 1)[0] ?? ''))
    client.pause()
    const join = () => void client.pipe(program).pipe(client)
    if (redirectTo === undefined) join()
    else redirect(program, redirectTo, join)
  })
  const port = at === undefined ? await listen(server) : await listenAt(server, at)
  return {
    port,
    get connections() {
      return opened
    },
    firstLines,
    whenConnectionsClosed: () => connections.whenAllClosed(),
    async close() {
      connections.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

function listenAt(server: Server, { address, port }: { address: string; port: number }): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(port, address, () => resolve(port))
  })
}

const END_OF_HEAD = '\r\n\r\n'

function redirect(program: Socket, to: string, join: () => void): void {
  program.write(`CONNECT ${to} HTTP/1.1\r\nHost: ${to}${END_OF_HEAD}`)
  let head = ''
  const read = (chunk: Buffer) => {
    head += chunk.toString('latin1')
    const end = head.indexOf(END_OF_HEAD)
    if (end < 0) return
    program.off('data', read).pause()
    if (!/^HTTP\/1\.[01] 200 /.test(head)) return void program.destroy()
    const rest = Buffer.from(head.slice(end + END_OF_HEAD.length), 'latin1')
    if (rest.length > 0) program.unshift(rest)
    join()
  }
  program.on('data', read)
}
