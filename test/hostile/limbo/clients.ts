/**
 * The clients of one case: Node alone, and the guard on each surface, all with the case's anchors and its host name.
 *
 * Every name lies on loopback. So does an address: written so that `net.connect` takes it for a name and asks `lookup`
 * where it is, while the guard reads the address in it and judges that (attack 18).
 */

import { X509Certificate } from 'node:crypto'
import { request as httpsRequest } from 'node:https'
import { isIPv4, isIPv6 } from 'node:net'
import { checkServerIdentity, connect } from 'node:tls'
import { createGuard, type Guard } from '../../../lib/index.ts'
import { canonicalHost } from '../../../lib/policy/host.ts'
import { Certificate } from '../../../lib/x509/certificate.ts'
import { codeOf, lookupLoopback, SURFACES } from '../../attacks/surfaces.ts'
import { LOOPBACK, type ServedCase } from './cases.ts'

export interface Answer {
  readonly accepted: boolean
  /** Of the refusal: Node's or ours. */
  readonly code?: string | undefined
  /** From the call to its end, ms. */
  readonly took: number
}

export interface Caller {
  readonly name: string
  call(guard: Guard, limbo: ServedCase, port: number): Promise<unknown>
}

/** The pin of a key that nobody in any case holds. */
export const STRANGERS_PIN = `sha256/${Buffer.alloc(32, 7).toString('base64')}`

const AGENT = 'pinnedAgent with https.request'

/** The way of calling that reaches every case, and costs least. */
export const AGENT_CALLER: Caller = {
  name: AGENT,
  call: (guard, { expected_peer_name: { value } }, port) =>
    new Promise<void>((resolve, reject) => {
      const host = value === LOOPBACK ? value : spelledForLookup(value)
      httpsRequest({ host, port, agent: guard.agent }, (incoming) => incoming.resume().on('end', resolve))
        .on('error', reject)
        .end()
    }),
}

/** The other surfaces. They dial an address as it is, so one that is not this machine's is out of their reach. */
export const OTHER_CALLERS: readonly Caller[] = SURFACES.filter(({ name }) => name !== AGENT).map((surface) => ({
  name: surface.name,
  call: (guard, { expected_peer_name: { value } }, port) => surface.call(guard, `https://${value}:${port}/`),
}))

/** `tls.connect` with nothing of ours. */
export async function askNodeAlone(limbo: ServedCase, port: number): Promise<Answer> {
  const { value } = limbo.expected_peer_name
  return await timed(
    () =>
      new Promise<void>((resolve, reject) => {
        const socket = connect({
          host: LOOPBACK,
          port,
          ca: [...limbo.trusted_certs],
          servername: isIPv4(value) || isIPv6(value) ? '' : value,
          checkServerIdentity: (_name, certificate) => checkServerIdentity(value, certificate),
        })
        socket.once('secureConnect', () => {
          const { authorized } = socket
          socket.destroy()
          if (authorized) resolve()
          else reject(new Error('not authorized'))
        })
        socket.once('error', reject)
      }),
  )
}

/** One call through a guard of its own, which is closed after it. */
export async function askGuard(caller: Caller, question: GuardQuestion): Promise<Answer> {
  const { limbo, port, pins } = question
  const host = canonicalHost(limbo.expected_peer_name.value) ?? ''
  return await timed(async () => {
    const guard = createGuard({
      policy: { version: 1, hosts: { [isIPv6(host) ? `[${host}]` : host]: { pins } } },
      ca: [...limbo.trusted_certs],
      lookup: lookupLoopback,
      metrics: false,
      observer: () => undefined,
    })
    try {
      await caller.call(guard, limbo, port)
    } finally {
      await guard.close()
    }
  })
}

export interface GuardQuestion {
  readonly limbo: ServedCase
  readonly port: number
  readonly pins: readonly string[]
}

/** A pin for each key of the case, so that no pin is ever the reason of a refusal. */
export function pinsOf({ peer_certificate, untrusted_intermediates, trusted_certs }: ServedCase): string[] {
  return [...new Set([peer_certificate, ...untrusted_intermediates, ...trusted_certs].flatMap(pinOf))]
}

/** What can't be read can't be in a path, and needs no pin. */
function pinOf(pem: string): string[] {
  try {
    return [`sha256/${new Certificate(new X509Certificate(pem)).keyHash}`]
  } catch {
    return []
  }
}

async function timed(ask: () => Promise<unknown>): Promise<Answer> {
  const began = performance.now()
  try {
    await ask()
    return { accepted: true, took: performance.now() - began }
  } catch (error) {
    const code = codeOf(error) ?? String(error)
    return { accepted: false, code, took: performance.now() - began }
  }
}

/** `192.0.2.1` as `3221225985`, IPv6 in brackets, a name as it is. */
function spelledForLookup(host: string): string {
  if (isIPv6(host)) return `[${host}]`
  return isIPv4(host) ? String(Buffer.from(host.split('.').map(Number)).readUInt32BE()) : host
}
