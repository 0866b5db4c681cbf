/**
 * Importing undici 8 sets `Symbol.for('undici.globalDispatcher.1')`, which re-routes the process's own global `fetch`
 * through it (nodejs/undici#5500, #5858). This module runs before undici and remembers what was there; restore.ts runs
 * after it and puts that back.
 */

const LEGACY_GLOBAL_DISPATCHER = Symbol.for('undici.globalDispatcher.1')

const holder = globalThis as unknown as Record<symbol, unknown>

// From Node 26 on, its own fetch is undici 8 as well, and takes the dispatcher that it finds. Naming one of its classes
// loads it, so that it sets its own first; npm's undici then leaves that alone.
if (Number.parseInt(process.versions['undici'] ?? '', 10) >= 8) void globalThis.Response
const before = holder[LEGACY_GLOBAL_DISPATCHER]

/** Puts the dispatcher of the process's own `fetch` back as it was. */
export function restoreGlobalDispatcher(): void {
  // The property can't be deleted once undici has defined it; `undefined` means "not set" to every reader.
  if (holder[LEGACY_GLOBAL_DISPATCHER] !== before) holder[LEGACY_GLOBAL_DISPATCHER] = before
}
