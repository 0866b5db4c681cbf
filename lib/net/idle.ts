/**
 * How long a connection may sit idle and still be trusted to be alive.
 *
 * Lambda freezes an environment between invocations. Timers do not run meanwhile, but the peer, and every NAT on the
 * way, go on counting. So idleness is measured by the wall clock when a connection is about to be used, and never left
 * to a timer. A dropped connection costs a handshake, which a kept TLS session makes a short one.
 */

/** Idle connections older than this are not used, ms; the keep-alive of undici, and below that of common servers. */
export const IDLE_LIMIT_MS = 4_000

/** A pause this long between two invocations counts as a freeze: every idle connection is dropped, ms. */
export const FREEZE_PAUSE_MS = 1_000
