/**
 * Loaded before everything else (`node --import`), it puts another guard in the place of ours for the files of
 * test/attacks, of which not a line is changed: these modules of theirs come from here instead.
 */

import { registerHooks } from 'node:module'

export const GUARD_VARIABLE = 'PINNED_FETCH_PLAYED_GUARD'

/** Ours is only noted. */
export type PlayedGuard = 'tutorial' | 'pinned-fetch'

const ATTACKS = new URL('../../../attacks/', import.meta.url).href

const NOTING = { 'node:test': './test.ts' }

const STAND_INS: Readonly<Record<PlayedGuard, Readonly<Record<string, string>>>> = {
  'pinned-fetch': NOTING,
  tutorial: {
    ...NOTING,
    [`${ATTACKS}surfaces.ts`]: './surfaces.ts',
    [`${ATTACKS}changing-policy.ts`]: './changing-policy.ts',
    'node:assert/strict': './assert.ts',
  },
}

const guard = process.env[GUARD_VARIABLE] as PlayedGuard | undefined

if (guard !== undefined) {
  registerHooks({
    resolve(specifier, context, next) {
      const found = next(specifier, context)
      const standIn = context.parentURL?.startsWith(ATTACKS) ? STAND_INS[guard][found.url] : undefined
      return standIn === undefined ? found : next(new URL(standIn, import.meta.url).href, context)
    },
  })
}
