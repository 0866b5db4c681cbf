/**
 * What to look at when no handshake came about, in the words of the command line.
 */

import { findPinnedFetchError } from '../../errors.ts'
import type { Call } from '../../judge.ts'
import type { ProbeOptions } from '../../net/probe.ts'
import { type FailureKind, failureOf } from '../../watch/failure.ts'
import type { Sighting } from '../../watch/look.ts'
import { CommandError } from '../failure.ts'

const HINTS: { readonly [Kind in FailureKind]: string } = {
  'no-such-name': 'look for a typing error, or say where it is with --address',
  'no-name-service': 'look at the DNS of this machine, or say where it is with --address',
  'nothing-listens': 'look at the port, and at --address',
  'no-answer': 'a firewall may drop the connection; where a proxy is the only way out, name it with --proxy',
  'no-tls': 'look at the port: plain HTTP is often on 80 or 8080',
  'handshake-ended': 'it may ask for another name (--servername), or for a client certificate',
  'no-common-tls': 'the server may be too old for Node: look at its TLS versions',
  'hung-up': 'it may ask for another name (--servername), or refuse this address',
  'no-tunnel': 'check the proxy, its credentials, and that it lets this host and port through',
  'given-up': 'look at it once more',
}

/** The error that a verb ends with, or tells, when a host can't be asked; what has a code of ours passes. */
export function unreachable(call: Call, address: ProbeOptions['address'], error: unknown): Error {
  const ours = findPinnedFetchError(error)
  if (ours !== undefined) return ours
  const { kind, reason } = failureOf(call, address, error)
  return new CommandError(reason, HINTS[kind], { cause: error })
}

/** A sighting with what to look at, where nothing was seen. */
export function advised(sighting: Sighting): Sighting {
  if (sighting.path !== undefined || sighting.kind === undefined) return sighting
  return { ...sighting, hint: HINTS[sighting.kind] }
}
