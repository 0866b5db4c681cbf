/**
 * Subscribers of `diagnostics_channel`: code that is told of requests and connections while they are made, and changes
 * what it is told of, throws, or looks at certificates first.
 */

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { TLSSocket } from 'node:tls'
import type { Material, Row } from './rows.ts'

type Message = Record<string, unknown>

const CHANNELS = [
  'undici:request:create',
  'undici:request:bodySent',
  'undici:request:headers',
  'undici:request:trailers',
  'undici:request:error',
  'undici:client:beforeConnect',
  'undici:client:connected',
  'undici:client:connectError',
  'undici:client:sendHeaders',
  'http.client.request.created',
  'http.client.request.start',
  'http.client.request.error',
  'http.client.response.finish',
  'net.client.socket',
]

export const CHANNEL: readonly Row[] = [
  {
    name: 'a subscriber of every channel throws',
    twist: () =>
      all(
        ...CHANNELS.map((name) =>
          listening(name, () => {
            throw new Error('theirs')
          }),
        ),
      ),
    throws: true,
  },
  {
    name: 'a subscriber moves the request of undici to another peer',
    twist: ({ peers }) =>
      listening('undici:request:create', ({ request }) => {
        overwrite(request, {
          origin: new URL(peers.mispinned).origin,
          host: 'uncovered.test',
          servername: 'another.name.test',
        })
      }),
  },
  {
    name: 'a subscriber adds a Host header to the request of undici',
    twist: () =>
      listening('undici:request:create', ({ request }) => {
        ;(request as { addHeader(name: string, value: string): void }).addHeader('host', 'uncovered.test')
      }),
  },
  {
    name: 'a subscriber changes where undici says it connects to',
    twist: (material) =>
      all(
        ...['beforeConnect', 'connected'].map((name) =>
          listening(`undici:client:${name}`, ({ connectParams }) => overwrite(connectParams, elsewhere(material))),
        ),
      ),
  },
  {
    name: 'a subscriber uses the connector that it is shown for a peer of its own',
    twist: (material) => {
      let isOwn = false
      return listening('undici:client:beforeConnect', ({ connector }) => {
        if (isOwn) return
        isOwn = true
        const write = (_error: unknown, socket?: TLSSocket) => void socket?.write('GET /theirs HTTP/1.1\r\n\r\n')
        const connect = connector as (options: object, callback: typeof write) => void
        // The row's forbidden servers tell whether one of these got a socket that it could write to.
        for (const url of [material.peers.mispinned, material.peers.untrusted, material.peers.misnamed]) {
          connect({ ...elsewhere(material), port: new URL(url).port }, write)
        }
        isOwn = false
      })
    },
    // On the pinned pool the connector opens what the pool opens: the pinned peer, judged. It gets a line too many.
    pinned: 'may fail',
  },
  {
    name: 'a subscriber moves the request of node:https to another peer',
    twist: (material) =>
      all(
        ...['created', 'start'].map((name) =>
          listening(`http.client.request.${name}`, ({ request }) => {
            overwrite(request, { ...elsewhere(material), agent: undefined, socketPath: material.unixPath })
          }),
        ),
      ),
  },
  {
    name: 'a subscriber looks at the certificate of every connection first',
    twist: () =>
      all(
        listening('net.client.socket', ({ socket }) => lookAtOnce(socket as TLSSocket)),
        listening('undici:client:connected', ({ socket }) => look(socket as TLSSocket)),
        listening('undici:client:sendHeaders', ({ socket }) => look(socket as TLSSocket)),
      ),
  },
]

function elsewhere({ peers }: Material) {
  const { port } = new URL(peers.mispinned)
  return { host: `127.0.0.1:${port}`, hostname: '127.0.0.1', port, protocol: 'https:', servername: 'uncovered.test' }
}

function lookAtOnce(socket: TLSSocket): void {
  socket.prependListener('secure', () => look(socket)).prependListener('secureConnect', () => look(socket))
}

function look(socket: TLSSocket): void {
  socket.getPeerX509Certificate?.()
  socket.getPeerCertificate?.(true)
}

/** As far as it lets itself be overwritten. */
function overwrite(target: unknown, values: object): void {
  for (const [name, value] of Object.entries(values)) Reflect.set(target as object, name, value)
}

function listening(name: string, listener: (message: Message) => void): () => void {
  const listen = (message: unknown) => listener(message as Message)
  subscribe(name, listen)
  return () => void unsubscribe(name, listen)
}

function all(...undo: readonly (() => void)[]): () => void {
  return () => {
    for (const one of undo) one()
  }
}
