/**
 * In a process that was started with the preload: every way by which code that knows nothing of pins calls out over
 * https, the careless ones included. Each makes one POST with a secret and tells the status.
 */

import http, { type ClientRequest, type RequestOptions } from 'node:http'
import http2 from 'node:http2'
import https, { get as namedGet, request as namedRequest } from 'node:https'
import { createRequire } from 'node:module'
import tls, { connect as namedConnect } from 'node:tls'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { Agent, buildConnector, Client, fetch as npmFetch, request as npmRequest, setGlobalDispatcher } from 'undici'

const common = createRequire(import.meta.url)
const ofCommonJs: typeof https = common('https')

const METHOD = 'POST'
const headers = { authorization: 'Bearer secret', 'content-length': '6' }
const body = 'secret'
const given = { method: METHOD, headers }

type Way = (url: string) => Promise<number>

export const WEB_SOCKET = 'a WebSocket'

/** Turns verification off wherever it can. */
const careless = { rejectUnauthorized: false, checkServerIdentity: () => undefined } as const

export const WAYS: { readonly [title: string]: Way } = {
  'the global fetch': (url) => statusOf(fetch(url, { ...given, body })),
  'the global fetch with a Request': (url) => statusOf(fetch(new Request(url, { ...given, body }))),
  'the global fetch with a Request in place of options': (url) =>
    statusOf(fetch(url, new Request(url, { ...given, body }))),
  'the global fetch with a dispatcher of its own': (url) =>
    statusOf(fetch(url, { ...given, body, dispatcher: new Agent({ connect: careless }) } as object)),
  'https.request': (url) => sent(https.request(url, given)),
  'https.request with options only': (url) => sent(https.request({ ...placeOf(url), ...given })),
  'https.request by a named import': (url) => sent(namedRequest(url, given)),
  'https.request of CommonJS': (url) => sent(ofCommonJs.request(url, given)),
  'https.get': (url) => sent(https.get(url, { headers: { authorization: 'Bearer secret' } }), ''),
  'https.get by a named import': (url) => sent(namedGet(url, { headers: { authorization: 'Bearer secret' } }), ''),
  'https.request with an agent of its own': (url) =>
    sent(https.request(url, { ...given, agent: new https.Agent({ keepAlive: true, ...careless }) })),
  'https.request with an agent that connects by itself': (url) =>
    sent(https.request(url, { ...given, agent: new SelfConnecting() })),
  'https.request without an agent': (url) => sent(https.request(url, { ...given, agent: false })),
  'https.request with createConnection': (url) =>
    sent(https.request(url, { ...given, createConnection: () => tls.connect({ ...connectTo(url), ...careless }) })),
  'https.request with options that verify nothing': (url) => sent(https.request(url, { ...given, ...careless })),
  'http.request with the protocol https:': (url) =>
    sent(http.request(url, { ...given, agent: new https.Agent(careless) })),
  'new http.ClientRequest': (url) =>
    sent(new http.ClientRequest(url, Object.assign({ ...given, agent: new https.Agent(careless) }) as never)),
  'https.globalAgent put in by hand': (url) => sent(https.request(url, { ...given, agent: https.globalAgent })),
  'createConnection of an https.Agent': (url) => {
    const agent = new https.Agent(careless) as unknown as { createConnection(options: object): tls.TLSSocket }
    return rawly(agent.createConnection(connectTo(url)))
  },
  "the AWS SDK's NodeHttpHandler with an agent of its own": async (url) => {
    const handler = new NodeHttpHandler({ httpsAgent: new https.Agent({ maxSockets: 50, ...careless }) })
    const { hostname, port, pathname: path } = new URL(url)
    const request = { protocol: 'https:', hostname, port: Number(port), path, query: {}, ...given, body }
    const { response } = await handler.handle(request as never)
    return response.statusCode
  },
  "npm undici's fetch": (url) => statusOf(npmFetch(url, { ...given, body })),
  "npm undici's request": (url) => undiciStatus(npmRequest(url, { method: METHOD, headers, body })),
  "npm undici's request with a dispatcher of its own": (url) =>
    undiciStatus(npmRequest(url, { method: METHOD, headers, body, dispatcher: new Agent({ connect: careless }) })),
  "npm undici's Client": (url) => {
    const client = new Client(new URL(url).origin, { connect: buildConnector(careless) })
    return undiciStatus(client.request({ path: '/', method: METHOD, headers, body }))
  },
  'tls.connect': (url) => rawly(tls.connect(connectTo(url))),
  'tls.connect by a named import, port and host': (url) => {
    const { port, host } = connectTo(url)
    return rawly(namedConnect(port, host, careless))
  },
  'tls.connect with a context of its own': (url) =>
    rawly(tls.connect({ ...connectTo(url), ...careless, secureContext: tls.createSecureContext() })),
  'tls.connect with ciphers of its own': (url) =>
    rawly(tls.connect({ ...connectTo(url), ...careless, ciphers: tls.DEFAULT_CIPHERS })),
  'tls.connect by the name in servername': (url) => {
    const { port, host } = connectTo(url)
    return rawly(tls.connect({ port, host: '127.0.0.1', servername: host, ...careless }))
  },
  // Its error says nothing of the cause; what the server saw does.
  [WEB_SOCKET]: (url) =>
    new Promise((resolve) => {
      const socket = new WebSocket(url.replace(/^https/, 'wss'))
      socket.onerror = () => resolve(0)
    }),
  'a WebSocket that dials by itself, as ws does': (url) => {
    const upgrade = { connection: 'Upgrade', upgrade: 'websocket', authorization: 'Bearer secret' }
    const createConnection = () => tls.connect({ ...connectTo(url), ...careless })
    return sent(https.request({ ...placeOf(url), headers: upgrade, createConnection }), '')
  },
}

/** Over HTTP/2, for servers that speak it. */
export const HTTP2_WAYS: { readonly [title: string]: Way } = {
  'http2.connect': (url) => http2Status(url),
  'http2.connect with createConnection': (url) =>
    http2Status(url, {
      createConnection: () => tls.connect({ ...connectTo(url), ...careless, ALPNProtocols: ['h2'] }),
    }),
}

/** What code may do to the process later, and the way it then takes. */
export const CHANGES: { readonly [title: string]: readonly [change: () => void, way: string] } = {
  'https.globalAgent assigned anew': [
    () => Object.assign(https, { globalAgent: new https.Agent(careless) }),
    'https.request',
  ],
  'https.globalAgent.options changed': [() => Object.assign(https.globalAgent.options, careless), 'https.request'],
  "setGlobalDispatcher, then npm undici's request": [
    () => setGlobalDispatcher(new Agent({ connect: careless })),
    "npm undici's request",
  ],
  'setGlobalDispatcher, then the global fetch': [() => undefined, 'the global fetch'],
  'globalThis.fetch assigned anew': [() => Object.assign(globalThis, { fetch: npmFetch }), 'the global fetch'],
}

/** As agentkeepalive and its like: it dials in its own way. */
class SelfConnecting extends https.Agent {
  override createConnection(options: object) {
    return tls.connect({ ...options, ...careless })
  }
}

async function statusOf(answer: Promise<{ status: number; text(): Promise<string> }>): Promise<number> {
  const response = await answer
  await response.text()
  return response.status
}

async function undiciStatus(answer: ReturnType<typeof npmRequest>): Promise<number> {
  const response = await answer
  await response.body.text()
  return response.statusCode
}

function sent(request: ClientRequest, text = body): Promise<number> {
  return new Promise((resolve, reject) => {
    request.on('response', (incoming) => incoming.resume().on('end', () => resolve(incoming.statusCode ?? 0)))
    request.on('error', reject).end(text)
  })
}

/** Writes before the handshake, as a careless client may. */
function rawly(socket: tls.TLSSocket): Promise<number> {
  socket.write(`POST / HTTP/1.1\r\nhost: x\r\nauthorization: Bearer secret\r\ncontent-length: 6\r\n\r\n${body}`)
  return new Promise((resolve, reject) => {
    socket.once('data', (chunk: Buffer) => {
      socket.destroy()
      resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(chunk.toString('latin1'))?.[1] ?? 0))
    })
    socket.once('error', reject).once('close', () => reject(new Error('closed')))
  })
}

function http2Status(url: string, options: http2.SecureClientSessionOptions = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const session = http2.connect(url, { ...careless, ...options })
    session.once('error', reject)
    const stream = session.request({ ':path': '/', authorization: 'Bearer secret' })
    stream.on('error', reject)
    stream.once('response', (answer) => {
      session.destroy()
      resolve(Number(answer[':status']))
    })
    stream.end()
  })
}

function placeOf(url: string): RequestOptions {
  const { hostname, port, pathname } = new URL(url)
  return { hostname, port, path: pathname }
}

function connectTo(url: string): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(url)
  return { host: hostname, port: Number(port) }
}
