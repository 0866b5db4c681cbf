/**
 * A row is one thing that other code in the process does, and what must come of it.
 *
 * Tables of rows import nothing of pinned-fetch, so that a row can be there before it.
 */

import type { Guard } from '../../../lib/index.ts'
import type { Surface } from '../../attacks/surfaces.ts'

/** URLs of the peers; only the first may be sent anything. */
export interface Peers {
  /** Shows the pinned keys. */
  readonly pinned: string
  /** A certificate that Node accepts, of other keys; the pinned certificates are appended. */
  readonly mispinned: string
  /** A certificate of a root that nobody trusts; the pinned certificates are appended. */
  readonly untrusted: string
  /** The pinned keys, in a certificate for another name. */
  readonly misnamed: string
  /** A host that the policy doesn't cover. */
  readonly uncovered: string
}

export type Peer = keyof Peers

/** What each peer comes to when nobody meddles. */
export const AS_USUAL: Readonly<Record<Peer, Outcome>> = {
  pinned: 200,
  mispinned: 'ERR_PIN_MISMATCH',
  untrusted: 'SELF_SIGNED_CERT_IN_CHAIN',
  misnamed: 'ERR_TLS_CERT_ALTNAME_INVALID',
  uncovered: 'ERR_HOST_NOT_COVERED',
}

export interface Material {
  readonly peers: Peers
  readonly policy: object
  /** Unset: Node's own roots. */
  readonly ca?: readonly string[]
  /** PEM of the root that nobody trusts. */
  readonly rogueRoot: string
  /** Base64 of the key that the mispinned peer shows. */
  readonly mispin: string
  /** A Unix socket at which the mispinned peer answers as well. */
  readonly unixPath: string
  /** A copy of npm undici in another folder. */
  readonly secondUndici: string
}

/** When other code comes in. */
export type Moment = 'before the import' | 'before createGuard' | 'before the first call' | 'after the first call'

/** When a row is played that names no moments; it is also one of those that are made before the import. */
export const USUAL_MOMENTS: readonly Moment[] = ['before the import', 'before createGuard', 'after the first call']

export interface Row {
  /** What other code does. */
  readonly name: string
  /** Does it, and returns what takes it back. `guard` is there from "before the first call" on. */
  readonly twist: (material: Material, guard: Guard | undefined) => (() => void) | Promise<() => void>
  /** Unset: {@link USUAL_MOMENTS}. */
  readonly moments?: readonly Moment[]
  /** How the calls are made; unset: by the four surfaces. */
  readonly surfaces?: (material: Material) => readonly Surface[]
  /** `may fail`: calls to the pinned peer need not go on. Unset: they are answered. */
  readonly pinned?: 'may fail'
  /** Other codes than usual are fine: the twist is in the way of the handshake, or of the code. */
  readonly anyCode?: true
  /** The twist throws where the process sees it: what is uncaught is its own. */
  readonly throws?: true
  /** After the calls, before it is taken back: what is wrong with the process's own things. */
  readonly complaint?: (material: Material) => string | undefined | Promise<string | undefined>
}

/** What one call came to: a status, or the code it was refused with. */
export type Outcome = number | string

export interface Finding {
  readonly row: string
  readonly moment: Moment
  /** By peer: one outcome for each surface. */
  readonly outcomes: Readonly<Partial<Record<Peer, readonly Outcome[]>>>
  readonly uncaught: readonly string[]
  readonly complaint?: string | undefined
}
