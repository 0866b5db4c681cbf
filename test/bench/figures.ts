/** From measurements to the figures of the table, each with the target that it is held to. */

import type { ConnectionCosts } from './connections.ts'
import { exact, type Figure, formatValue } from './figure.ts'
import type { FleetResult } from './fleet/table.ts'
import type { Memory } from './memory.ts'
import type { PolicyCosts } from './policy.ts'
import type { Resumption } from './resumption.ts'
import { difference, paired, ratio, spreadOf } from './spread.ts'
import type { Starts } from './starts.ts'
import type { Throughput } from './throughput.ts'

const median = (values: readonly number[]) => spreadOf(values).median

export function figuresOfStarts(starts: Starts, distant: Starts, ahead: Starts): Figure[] {
  const ms = (values: readonly number[]) => formatValue(median(values), 'ms')
  type Other = 'tutorial-middy' | 'tutorial-powertools' | 'undici-fetch'
  const against = (run: Starts, other: Other, name: string, most?: number) => ({
    group: 'cold start',
    name,
    ours: ms(run.pinned.total),
    theirs: ms(run[other].total),
    result: paired(run.pinned.total, run[other].total, ratio),
    unit: 'x' as const,
    ...(most === undefined ? {} : { target: { most } }),
  })
  return [
    against(starts, 'tutorial-middy', 'against Middy, its secrets middleware and the tutorials’ pin check', 1),
    against(distant, 'tutorial-middy', 'the same, with a Secrets Manager that takes 30 ms', 1),
    against(starts, 'tutorial-powertools', 'against Powertools’ parameters and metrics and the same check', 1),
    against(distant, 'tutorial-powertools', 'the same, with a Secrets Manager that takes 30 ms', 1),
    against(starts, 'undici-fetch', 'against undici without any pins'),
    {
      group: 'cold start',
      name: 'first call with `preconnect`, started in advance, against Node’s fetch',
      ours: ms(ahead.preconnected.firstCall),
      theirs: ms(ahead.unpinned.firstCall),
      result: paired(ahead.preconnected.firstCall, ahead.unpinned.firstCall, ratio),
      unit: 'x',
      target: { most: 0.5 },
    },
    {
      group: 'cold start',
      name: 'the same, invoked at once',
      ours: ms(starts.preconnected.firstCall),
      theirs: ms(starts.unpinned.firstCall),
      result: paired(starts.preconnected.firstCall, starts.unpinned.firstCall, ratio),
      unit: 'x',
    },
  ]
}

/** Microseconds that the judgement may add. */
const ADDED_AT_MOST = { new: 300, known: 20, resumed: 10 } as const
const KINDS = {
  new: 'a chain not seen before',
  known: 'a chain seen before',
  resumed: 'a resumed session',
} as const

export function figuresOfConnections(costs: ConnectionCosts): Figure[] {
  return (['new', 'known', 'resumed'] as const).flatMap((kind): Figure[] => {
    const { plain, judged } = costs[kind]
    const sides = {
      group: 'new connection',
      ours: formatValue(median(judged.processor), 'µs'),
      theirs: formatValue(median(plain.processor), 'µs'),
    }
    return [
      {
        ...sides,
        name: `${KINDS[kind]}: processor time added`,
        result: paired(judged.processor, plain.processor, difference),
        unit: 'µs',
        target: { most: ADDED_AT_MOST[kind] },
      },
      {
        ...sides,
        name: `${KINDS[kind]}: against the same call`,
        result: paired(judged.processor, plain.processor, ratio),
        unit: 'x',
        target: { most: 1.05 },
      },
    ]
  })
}

export function figuresOfThroughput(all: readonly Throughput[]): Figure[] {
  return all.map(({ protocol, inFlight, plain, judged }) => ({
    group: 'requests per second',
    name: `${protocol}, ${inFlight} in flight`,
    ours: Math.round(median(judged)).toLocaleString('en-US'),
    theirs: Math.round(median(plain)).toLocaleString('en-US'),
    result: paired(judged, plain, ratio),
    unit: 'x',
    target: { least: 0.98 },
  }))
}

export function figuresOfResumption({ plain, judged, uncached }: Resumption): Figure[] {
  const share = (value: number) => formatValue(value, '%')
  return [
    {
      group: 'resumed handshakes',
      name: 'against undici',
      ours: share(judged),
      theirs: share(plain),
      result: exact(judged / plain),
      unit: 'x',
      target: { least: 1 },
    },
    {
      group: 'resumed handshakes',
      name: 'undici with `maxCachedSessions: 0`, the usual repair',
      ours: share(judged),
      theirs: share(uncached),
      result: exact(uncached),
      unit: '%',
    },
  ]
}

export function figuresOfPolicy({ bytes, hosts, parse, lookupFew, lookupMany }: PolicyCosts): Figure[] {
  const alone = { group: 'policy', ours: '', theirs: '' }
  const size = `${Math.round(bytes / 1024)} KiB with ${hosts} hosts`
  return [
    { ...alone, name: `reading ${size}`, result: spreadOf(parse), unit: 'ms', target: { most: 2 } },
    { ...alone, name: 'a lookup among 10 hosts', result: spreadOf(lookupFew), unit: 'µs', target: { most: 1 } },
    { ...alone, name: 'a lookup among 10,000', result: spreadOf(lookupMany), unit: 'µs', target: { most: 1 } },
  ]
}

export function figuresOfMemory({ plain, judged }: Memory): Figure[] {
  return [
    {
      group: 'memory',
      name: 'resident after 10,000 calls to 50 hosts, added',
      ours: formatValue(median(judged), 'MB'),
      theirs: formatValue(median(plain), 'MB'),
      result: paired(judged, plain, difference),
      unit: 'MB',
      target: { most: 8 },
    },
  ]
}

export function figuresOfFleet({ rows }: FleetResult): Figure[] {
  const [ours] = rows
  if (ours === undefined) return []
  const perMillion = (row: FleetResult['rows'][number]) => row.phases.hour.dollarsPerMillionCalls
  // Middy's default never asks again: it costs nothing, and never sees a rotation.
  const peers = rows.slice(1).filter((row) => perMillion(row) > 0)
  return peers.map((row) => ({
    group: 'Secrets Manager',
    name: `dollars per million calls, against ${row.name}`,
    ours: `$${perMillion(ours).toFixed(2)}`,
    theirs: `$${perMillion(row).toFixed(2)}`,
    result: exact(perMillion(ours) / perMillion(row)),
    unit: 'x',
  }))
}
