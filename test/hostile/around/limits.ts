/**
 * What is not defended, one case for each kind: the peer that profits, and why it is a limit.
 */

import { attacker, HOST, partner } from '../../attacks/cast.ts'
import { leafOf, mint, presented } from '../../support/authority.ts'
import type { PresentedChain } from '../../support/tls-server.ts'
import type { LimitName } from './children/limits.ts'

export interface Limit {
  readonly because: string
  readonly reason: string
  readonly peer: () => Promise<Stage>
  /** Whether a call goes out that should not. Unset: yes. */
  readonly isCall?: false
}

export interface Stage {
  readonly chain: PresentedChain
  readonly given: { readonly ca: readonly string[]; readonly policy: object }
}

export const LIMITS: Readonly<Record<LimitName, Limit>> = {
  'a method of node:crypto is replaced': {
    because: 'a forged chain verifies',
    reason: 'signatures are verified by Node; who replaces X509Certificate.prototype.verify decides what verifies',
    peer: forged,
  },
  'a method of the language is replaced': {
    because: 'every key is pinned',
    reason: 'every comparison is made with the methods of the language; --frozen-intrinsics keeps them as they are',
    peer: mispinned,
  },
  'the clock is set back': {
    because: 'an expired pin goes on',
    reason: 'dates are compared with the wall clock, Date.now',
    peer: expiring,
  },
  'a module of ours is replaced while it is loaded': {
    because: 'the verdict is theirs',
    reason: 'who registers a module hook before the import chooses the code that runs',
    peer: mispinned,
  },
  'a method of undici is replaced': {
    because: 'the request takes another way',
    reason: 'fetch and the dispatcher send by undici, as it is in the process',
    peer: mispinned,
  },
  'a subscriber is told the headers': {
    because: 'secrets in them are overheard',
    reason: 'undici tells every subscriber of its channels what it sends',
    peer: honest,
    isCall: false,
  },
}

async function honest(): Promise<Stage> {
  const { root, issuing, leaf } = await partner()
  const policy = { version: 1, hosts: { [HOST]: { pins: [leaf.pin, issuing.pin] } } }
  return { chain: presented(leaf, issuing), given: { ca: [root.certificate], policy } }
}

async function mispinned(): Promise<Stage> {
  const victim = await honest()
  const { root, issuing, leaf } = await attacker()
  return { chain: presented(leaf, issuing), given: { ...victim.given, ca: [...victim.given.ca, root.certificate] } }
}

/** A CA with the pinned one's name, and the pinned one's own certificate appended. */
async function forged(): Promise<Stage> {
  const victim = await partner()
  const { root } = await attacker()
  const fake = await mint({ subject: victim.issuing.subject, ca: true, issuer: root })
  const leaf = await leafOf(fake, [HOST], { authorityKeyId: 'none' })
  const policy = { version: 1, hosts: { [HOST]: { pins: [victim.issuing.pin, victim.root.pin] } } }
  return {
    chain: presented(leaf, fake, victim.issuing),
    given: { ca: [victim.root.certificate, root.certificate], policy },
  }
}

/** The pins ended a minute ago. */
async function expiring(): Promise<Stage> {
  const { root, issuing, leaf } = await partner()
  const expires = new Date(Date.now() - 60_000).toISOString()
  const pins = [issuing, leaf].map(({ pin }) => ({ sha256: pin.replace('sha256/', ''), expires }))
  const policy = { version: 1, hosts: { [HOST]: { pins } } }
  return { chain: presented(leaf, issuing), given: { ca: [root.certificate], policy } }
}
