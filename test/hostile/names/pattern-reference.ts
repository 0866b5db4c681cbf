/**
 * Which patterns cover a host, and which of them speaks: written a second time, as slowly and as close to the words of
 * the documentation as it goes. The reference for lib/policy/host-table.ts.
 */

export interface WrittenPattern {
  /** `a.test`, `*.a.test`, `**.a.test`: canonical, without port. */
  readonly host: string
  readonly port?: number | undefined
}

export function textOf({ host, port }: WrittenPattern): string {
  const place = host.includes(':') ? `[${host}]` : host
  return port === undefined ? place : `${place}:${port}`
}

/** The pattern that speaks for a host, alone: the most specific of those that cover it. */
export function speaksFor(patterns: readonly WrittenPattern[], host: string, port: number): WrittenPattern | undefined {
  return patterns.filter((pattern) => covers(pattern, host, port)).sort(mostSpecificFirst)[0]
}

function covers(pattern: WrittenPattern, host: string, port: number): boolean {
  if (pattern.port !== undefined && pattern.port !== port) return false
  const labels = host.split('.')
  const base = pattern.host.replace(/^\*\*?\./, '').split('.')
  const isBelow = labels.length > base.length && labels.slice(-base.length).join('.') === base.join('.')
  if (pattern.host.startsWith('**.')) return isBelow || host === base.join('.')
  if (pattern.host.startsWith('*.')) return isBelow && labels.length === base.length + 1
  return host === pattern.host
}

/** Exact, then one label, then any depth with the longest base; of equals, the one with the port. */
function mostSpecificFirst(left: WrittenPattern, right: WrittenPattern): number {
  return (
    kindOf(left) - kindOf(right) ||
    right.host.length - left.host.length ||
    Number(right.port !== undefined) - Number(left.port !== undefined)
  )
}

function kindOf({ host }: WrittenPattern): number {
  if (host.startsWith('**.')) return 2
  return host.startsWith('*.') ? 1 : 0
}
