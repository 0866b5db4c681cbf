/**
 * mitmproxy (mitmproxy.org), as a proxy that is told CONNECT, as a SOCKS proxy, or in the origin's place.
 *
 * Its own authority, made at its first start, or one of ours. What it reads is noted by the addon record.py.
 */

import { fileURLToPath } from 'node:url'
import type { Held } from '../../support/authority.ts'
import { type Interceptor, type InterceptorOptions, type InterceptorRecord, trusted } from './interceptor.ts'
import { type Program, startProgram } from './program.ts'

export interface MitmproxyOptions extends InterceptorOptions {
  readonly mode: 'regular' | 'socks5' | 'reverse'
  /** An RSA key. Unset: mitmproxy makes one. */
  readonly authority?: Held
  /** Serves the origin's own certificates after its own. */
  readonly isAppending?: boolean
}

const ADDON = fileURLToPath(new URL('record.py', import.meta.url))
const RECORD = 'record.jsonl'
const PROTOCOL = { regular: 'http', socks5: 'socks5', reverse: 'direct' } as const
const VERSION = { 'TLSv1.2': 'TLS1_2', 'TLSv1.3': 'TLS1_3' } as const

export async function startMitmproxy(options: MitmproxyOptions): Promise<Interceptor> {
  const { authority } = options
  const program = await startProgram({
    command: 'mitmdump',
    files: () =>
      authority === undefined ? {} : { 'conf/mitmproxy-ca.pem': `${authority.privateKey}${authority.certificate}` },
    parameters: () => parameters(options),
    ready: /server listening at \S+:(?<port>\d+)/,
  })
  return {
    port: program.port,
    protocol: PROTOCOL[options.mode],
    authority: trusted(authority?.certificate ?? (await program.read('conf/mitmproxy-ca-cert.pem'))),
    isBodyRecorded: true,
    record: () => recordOf(program),
    whenDisconnected: (clients) => program.whenSaid((text) => count(text, /: client disconnect$/gm) === clients),
    end: () => program.end(),
    stop: () => program.stop(),
  }
}

function parameters({ mode, originPort, version, isAppending = false }: MitmproxyOptions): string[] {
  const settings = {
    confdir: 'conf',
    ssl_insecure: true,
    flow_detail: 4,
    // Else it has already agreed with the origin on HTTP/1.1 when its client comes to ask for more.
    ...(mode === 'reverse' && !isAppending ? { connection_strategy: 'lazy' } : {}),
    add_upstream_certs_to_client_chain: isAppending,
    tls_version_client_min: VERSION[version],
    tls_version_client_max: VERSION[version],
    record: RECORD,
    origin_port: originPort,
  }
  return [
    ...['--listen-host', '127.0.0.1', '--listen-port', '0'],
    ...['--mode', mode === 'reverse' ? `reverse:https://127.0.0.1:${originPort}` : mode],
    ...['--scripts', ADDON, '--save-stream-file', 'flows'],
    ...Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`]),
  ]
}

function count(text: string, what: RegExp): number {
  return text.match(what)?.length ?? 0
}

/** A line of record.py. */
interface Line {
  readonly handshake?: string
  readonly request?: string
  /** Of the request. */
  readonly version?: string
  readonly decrypted?: string
}

async function recordOf(program: Program): Promise<InterceptorRecord> {
  const text = await program.read(RECORD)
  const lines: Line[] = text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))
  return {
    requests: lines.filter(({ request }) => request !== undefined).length,
    decrypted: lines.reduce((sum, { decrypted = '' }) => sum + decrypted.length, 0),
    versions: lines.flatMap(({ handshake }) => (handshake === undefined ? [] : [handshake])),
    protocols: lines.flatMap(({ version }) => (version === undefined ? [] : [version])),
    everything: await program.written(),
  }
}
