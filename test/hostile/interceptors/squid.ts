/**
 * Squid (squid-cache.org): as an interceptor that answers a CONNECT in the origin's place (ssl-bump), or as an honest
 * tunnel that may ask for a password and may be reached over TLS.
 *
 * Started by root it becomes the user that Debian made for it, `proxy`, as everywhere else.
 */

import { execFile } from 'node:child_process'
import { chown, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Held, presented } from '../../support/authority.ts'
import { type Interceptor, type InterceptorOptions, type InterceptorRecord, trusted } from './interceptor.ts'
import { type Place, type Program, type Start, startProgram } from './program.ts'
import type { Tunnel, TunnelOptions } from './tunnel.ts'

export interface SquidBumpOptions extends InterceptorOptions {
  readonly authority: Held
  /** This name is on loopback. */
  readonly host: string
  /** Asks the origin first, and makes a certificate that looks like the origin's. Unset: it answers at once. */
  readonly isMimic?: boolean
}

export interface SquidTunnelOptions extends TunnelOptions {
  /** The certificate with which the proxy itself is reached, and what follows it. Unset: no TLS to the proxy. */
  readonly over?: readonly [Held, ...Held[]]
}

const HELPERS = '/usr/lib/squid'
const MADE_CERTIFICATES = 'made'
const REQUEST_LOG = 'requests.log'
const OWN_LOG = 'squid.log'

const run = promisify(execFile)

export async function startSquidBump(options: SquidBumpOptions): Promise<Interceptor> {
  const { authority, host } = options
  const program = await startProgram(
    squid({
      host,
      port: ({ port }) => bumping(port, options),
      rules: ({ directory }) => bumpRules(join(directory, MADE_CERTIFICATES), options),
      files: { 'authority.pem': `${authority.certificate}${authority.privateKey}` },
      prepare: async ({ directory }) => {
        const store = join(directory, MADE_CERTIFICATES)
        await run(`${HELPERS}/security_file_certgen`, ['-c', '-s', store, '-M', '4MB'])
      },
    }),
  )
  return {
    port: program.port,
    protocol: 'http',
    authority: trusted(authority.certificate),
    isBodyRecorded: false,
    record: () => recordOf(program),
    end: () => program.end(),
    stop: () => program.stop(),
  }
}

export async function startSquidTunnel(options: SquidTunnelOptions): Promise<Tunnel> {
  const { host, over, credentials } = options
  const { key, chain } = over === undefined ? { key: '', chain: [] } : presented(...over)
  const password = credentials && (await run('openssl', ['passwd', '-apr1', credentials.password])).stdout
  const program = await startProgram(
    squid({
      host,
      port: ({ port }) =>
        over === undefined ? `http_port 127.0.0.1:${port}` : `https_port 127.0.0.1:${port} tls-cert=proxy.pem`,
      rules: () => tunnelRules(options),
      files: { 'proxy.pem': [...chain, key].join(''), passwords: `${credentials?.user}:${password}` },
    }),
  )
  return {
    port: program.port,
    requests: async () => requestsIn(await program.read(OWN_LOG)),
    written: () => program.written(),
    stop: () => program.stop(),
  }
}

function bumping(port: number, { version }: SquidBumpOptions): string {
  const forbidden = version === 'TLSv1.2' ? 'NO_TLSv1_3' : 'NO_TLSv1_2'
  const made = 'generate-host-certificates=on dynamic_cert_mem_cache_size=4MB'
  return `http_port 127.0.0.1:${port} ssl-bump ${made} tls-cert=authority.pem options=${forbidden}`
}

function bumpRules(store: string, { isMimic = false }: SquidBumpOptions): string[] {
  const manner = isMimic ? ['acl hello at_step SslBump1', 'ssl_bump peek hello', 'ssl_bump stare all'] : []
  return [
    `sslcrtd_program ${HELPERS}/security_file_certgen -s ${store} -M 4MB`,
    'sslcrtd_children 1 startup=1 idle=1',
    ...manner,
    'ssl_bump bump all',
    'tls_outgoing_options flags=DONT_VERIFY_PEER',
    'sslproxy_cert_error allow all',
    'http_access allow all',
  ]
}

function tunnelRules({ originPort, credentials }: SquidTunnelOptions): string[] {
  const asking = [
    `auth_param basic program ${HELPERS}/basic_ncsa_auth passwords`,
    'auth_param basic children 1 startup=1 idle=1',
    'acl known proxy_auth REQUIRED',
    'http_access deny !known',
  ]
  return [
    `acl origin port ${originPort}`,
    ...(credentials === undefined ? [] : asking),
    'http_access allow CONNECT origin',
    'http_access deny all',
  ]
}

interface Kind {
  readonly host: string
  readonly port: (place: Place) => string
  readonly rules: (place: Place) => readonly string[]
  readonly files: Readonly<Record<string, string>>
  readonly prepare?: (place: Place) => Promise<void>
}

function squid({ host, port, rules, files, prepare }: Kind): Start {
  return {
    command: 'squid',
    files: (place) => ({
      ...files,
      hosts: `127.0.0.1 ${host}\n`,
      'squid.conf': `${[port(place), ...rules(place), ...COMMON].join('\n')}\n`,
    }),
    prepare: async (place) => {
      await prepare?.(place)
      if (process.getuid?.() === 0) await giveToProxy(place.directory)
    },
    parameters: () => ['-N', '-d', '1', '-f', 'squid.conf'],
    ready: /Accepting .*Socket connections at/,
  }
}

/** Nothing is kept, shared or asked of the network; what is read is logged with all its headers. */
const COMMON = [
  'hosts_file hosts',
  `logformat record %rm %ru %>st %ssl::>negotiated_version "%>h"`,
  `access_log stdio:${REQUEST_LOG} logformat=record`,
  `cache_log ${OWN_LOG}`,
  'debug_options ALL,1 11,2',
  'cache_store_log none',
  'cache deny all',
  'cache_mem 1 MB',
  'memory_cache_shared off',
  'pid_filename none',
  'netdb_filename none',
  'pinger_enable off',
  'coredump_dir none',
  'max_filedescriptors 1024',
  'shutdown_lifetime 0 seconds',
  'visible_hostname squid.test',
]

async function giveToProxy(directory: string): Promise<void> {
  const line = (await readFile('/etc/passwd', 'utf8')).split('\n').find((entry) => entry.startsWith('proxy:'))
  const [, , user, group] = line?.split(':') ?? []
  if (user === undefined || group === undefined) throw new Error('there is no user "proxy" for squid to become')
  for (const entry of ['', ...(await readdir(directory, { recursive: true }))]) {
    await chown(join(directory, entry), Number(user), Number(group))
  }
}

/** From its own log, which tells of a request as soon as its head is read. */
function requestsIn(ownLog: string): string[] {
  return Array.from(ownLog.matchAll(/HTTP Client REQUEST:\n-+\n(.*)/g), ([, line]) => line?.trim() ?? '')
}

/** In the request log there is a line for what never became a request, too. */
const WITHIN_TLS = /^(?!CONNECT )\S+ \S+ (?<bytes>\d+) (?<version>\S+)/gm

async function recordOf(program: Program): Promise<InterceptorRecord> {
  const [ownLog, requestLog] = [await program.read(OWN_LOG), await program.read(REQUEST_LOG)]
  const requests = requestsIn(ownLog).filter((line) => !line.startsWith('CONNECT '))
  const lines = Array.from(requestLog.matchAll(WITHIN_TLS), ({ groups }) => groups ?? {})
  return {
    requests: requests.length,
    decrypted: lines.reduce((sum, { bytes }) => sum + Number(bytes), 0),
    versions: lines.map(({ version = '' }) => version.replace('TLS/', 'TLSv')),
    protocols: requests.map((line) => line.split(' ').at(-1) ?? ''),
    everything: await program.written(),
  }
}
