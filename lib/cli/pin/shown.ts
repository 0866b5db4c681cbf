/**
 * What a host showed, as a value and as text: its path as a table, the key that was chosen, or what does not verify.
 */

import type { Probed } from '../../net/probe.ts'
import { authority } from '../../net/proxy/address.ts'
import { formatPin } from '../../policy/pin.ts'
import { Certificate } from '../../x509/certificate.ts'
import type { VerifiedPath } from '../../x509/path.ts'
import { plain } from '../hosts/plain.ts'
import { table } from '../table.ts'
import type { Voice } from '../voice.ts'
import type { Choice } from './choice.ts'
import { dateOf } from './date.ts'
import type { Entry } from './entry.ts'
import { keyTypeIn } from './key-type.ts'
import { isPublicRoot } from './public-roots.ts'

/** With a path, a choice and an entry when both Node and we verified it. */
export interface Shown {
  readonly probed: Probed
  readonly path?: VerifiedPath
  readonly choice?: Choice
  readonly entry?: Entry
}

export function factsOf({ probed, path, choice }: Shown): object {
  const { host, port, servername, address, protocol, problem } = probed
  const reason = probed.path.verified === undefined ? plain(probed.path.reason) : undefined
  const rows = path === undefined ? sentRows(probed) : pathRows(path, probed)
  return {
    host,
    port,
    servername,
    address,
    protocol,
    verified: path !== undefined,
    ...(problem === undefined ? {} : { problem }),
    ...(reason === undefined ? {} : { reason }),
    certificates: rows.map(({ role, from, certificate }) => ({
      role,
      pin: formatPin(certificate.keyHash),
      key: keyTypeIn(certificate.x509),
      expires: new Date(certificate.notAfter).toISOString(),
      from,
      subject: plain(certificate.title),
    })),
    ...(choice === undefined
      ? {}
      : { chosen: { role: choice.role, pin: formatPin(choice.certificate.keyHash), why: choice.why } }),
  }
}

export function textOf({ probed, path, choice }: Shown, voice: Voice): string {
  const rows = path === undefined ? sentRows(probed) : pathRows(path, probed)
  const others = (probed.path.verified?.paths.length ?? 0) - 1
  const verdict = path === undefined ? voice.style('red', 'does not verify') : voice.style('green', 'verified')
  const facts = [
    voice.style('bold', authority({ host: probed.servername, port: probed.port })),
    ...[probed.address, probed.protocol, verdict].filter((fact) => fact !== undefined),
    ...(path !== undefined && others > 0 ? [`${others} more paths verify`] : []),
  ]
  const head = ['', 'role', 'pin', 'key', 'until', 'from', 'subject'].map((text) => voice.style('dim', text))
  const cells = rows.map(({ role, from, certificate }) => [
    choice?.certificate === certificate ? '*' : '',
    role,
    formatPin(certificate.keyHash),
    keyTypeIn(certificate.x509),
    dateOf(certificate.notAfter),
    from,
    plain(certificate.title),
  ])
  return `${facts.join('  ')}\n${table([head, ...cells])}`
}

interface Row {
  readonly role: 'leaf' | 'intermediate' | 'root' | 'sent'
  /** Where it comes from: the server, Node's own store, or what else is trusted here. */
  readonly from: 'server' | "Node's store" | 'private store'
  readonly certificate: Certificate
}

function pathRows({ certificates }: VerifiedPath, { presented }: Probed): Row[] {
  return certificates.map((certificate, index) => {
    const isLast = index === certificates.length - 1
    const role = index === 0 ? 'leaf' : isLast ? 'root' : 'intermediate'
    const isSent = presented.some(({ raw }) => raw.equals(certificate.der))
    const from = isPublicRoot(certificate) ? "Node's store" : isLast || !isSent ? 'private store' : 'server'
    return { role, from, certificate }
  })
}

/** What it sent, which proves nothing; what can't be read is left out. */
function sentRows({ presented }: Probed): Row[] {
  return presented.flatMap((x509) => {
    try {
      return [{ role: 'sent', from: 'server', certificate: new Certificate(x509) } as const]
    } catch {
      return []
    }
  })
}
