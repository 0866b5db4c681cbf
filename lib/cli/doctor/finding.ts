/**
 * What one check says: a state, a line of text, and what to do.
 */

import type { Facts } from './facts.ts'

export type State = 'ok' | 'warn' | 'fail' | 'skip'

export interface Finding {
  readonly state: State
  readonly text: string
  readonly todo?: string
  /** For the one at the keyboard; it is in no bundle. */
  readonly aside?: string
}

/** A function of the facts. */
export type Check = (facts: Facts) => Finding

export const ok = (text: string): Finding => ({ state: 'ok', text })
export const skip = (text: string, todo?: string): Finding => ({
  state: 'skip',
  text,
  ...(todo === undefined ? {} : { todo }),
})
export const warn = (text: string, todo: string): Finding => ({ state: 'warn', text, todo })
export const fail = (text: string, todo: string): Finding => ({ state: 'fail', text, todo })
