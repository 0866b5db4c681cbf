/**
 * What `replay` found, for people, and with dates as text for machines.
 */

import { formatInstant } from '../../policy/instant.ts'
import type { Replay, Strategy } from '../../policy/replay.ts'
import { table } from '../table.ts'
import type { HostReplay, StrategyReplay } from './play.ts'

/** A replay with its date as text. */
export function factsOf<One extends Replay>(one: One): Omit<One, 'firstOutage'> & { readonly firstOutage?: string } {
  const { firstOutage, ...rest } = one
  return { ...rest, ...(firstOutage === undefined ? {} : { firstOutage: formatInstant(firstOutage) }) }
}

export function policyText(hosts: readonly HostReplay[]): string {
  const rows = hosts.map((host) => [
    host.host,
    String(host.chains),
    String(host.refused),
    String(host.outages),
    host.firstOutage === undefined ? '-' : formatInstant(host.firstOutage).slice(0, 10),
    `${host.daysCovered} of ${host.days}`,
    host.breaking === undefined ? '' : `${host.breaking.code} ${host.breaking.file}`,
  ])
  const total = ['all', sum(hosts, 'chains'), sum(hosts, 'refused'), sum(hosts, 'outages'), '-', daysOf(hosts), '']
  const heading = ['host', 'chains', 'refused', 'outages', 'first', 'days covered', '']
  return [table([heading, ...rows, ...(hosts.length > 1 ? [total] : [])]), ...invalidNote(hosts)].join('\n\n')
}

export function strategiesText(played: ReadonlyMap<Strategy, readonly StrategyReplay[]>): string {
  const [some = []] = [...played.values()]
  const heading = ['host', 'chains', 'days', ...[...played.keys()].map((strategy) => `${strategy}`)]
  const rows = some.map(({ host, chains, days }, index) => [
    host,
    String(chains),
    String(days),
    ...[...played.values()].map((hosts) => cellOf(hosts[index])),
  ])
  const totals = [...played.values()].map((hosts) => `${sum(hosts, 'refused')} / ${sum(hosts, 'repairs')}`)
  const note = 'refused, had nobody touched the first pins / outages, had each been answered by adding the new pins'
  return [
    table([heading, ...rows, ['all', sum(some, 'chains'), '', ...totals]]),
    note,
    summary(played),
    ...invalidNote(some),
  ].join('\n\n')
}

/** One line for each strategy: what its owner would have lived through. */
function summary(played: ReadonlyMap<Strategy, readonly StrategyReplay[]>): string {
  const heading = [
    'pinned at first',
    'chains refused',
    'outages',
    'hosts without one',
    'first outage after',
    'days covered',
  ]
  const rows = [...played].map(([strategy, hosts]) => [
    strategy,
    `${sum(hosts, 'refused')} of ${sum(hosts, 'chains')}`,
    sum(hosts, 'repairs'),
    `${hosts.filter(({ outages }) => outages === 0).length} of ${hosts.length}`,
    firstOutageAfter(hosts),
    daysOf(hosts),
  ])
  return table([heading, ...rows])
}

/** The median over the hosts that had one, in days from the first chain. */
function firstOutageAfter(hosts: readonly StrategyReplay[]): string {
  const waits = hosts
    .flatMap(({ daysToFirst }) => (daysToFirst === undefined ? [] : [daysToFirst]))
    .sort((a, b) => a - b)
  const median = waits[Math.floor((waits.length - 1) / 2)]
  return median === undefined ? '-' : `${median} days (median)`
}

function cellOf(host: StrategyReplay | undefined): string {
  return host === undefined ? '' : `${host.refused} / ${host.repairs}`
}

function sum<Key extends string>(hosts: readonly { readonly [K in Key]: number }[], key: Key): string {
  return String(hosts.reduce((total, host) => total + host[key], 0))
}

function daysOf(hosts: readonly Replay[]): string {
  return `${sum(hosts, 'daysCovered')} of ${sum(hosts, 'days')}`
}

function invalidNote(hosts: readonly Replay[]): string[] {
  const count = hosts.reduce((total, { invalid }) => total + invalid, 0)
  if (count === 0) return []
  const chains = count === 1 ? '1 chain does' : `${count} chains do`
  return [`${chains} not verify at the recorded date, whatever is pinned; no pin was asked about it`]
}
