/**
 * Importing undici 8 sets `Symbol.for('undici.globalDispatcher.1')`, which re-routes the process's own global `fetch`
 * through it (nodejs/undici#5500, #5858). This module runs before undici and remembers what was there; restore.ts runs
 * after it and puts that back.
 */

const LEGACY_GLOBAL_DISPATCHER = Symbol.for('undici.globalDispatcher.1')

const holder = globalThis as unknown as Record<symbol, unknown>
const before = holder[LEGACY_GLOBAL_DISPATCHER]

/** Puts the dispatcher of the process's own `fetch` back as it was. */
export function restoreGlobalDispatcher(): void {
  // The property can't be deleted once undici has defined it; `undefined` means "not set" to every reader.
  if (holder[LEGACY_GLOBAL_DISPATCHER] !== before) holder[LEGACY_GLOBAL_DISPATCHER] = before
}
