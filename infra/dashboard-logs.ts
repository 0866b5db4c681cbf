/**
 * The tables of the dashboard, asked of the logs by CloudWatch Logs Insights: reasons, keys and versions are in the lines
 * of the metrics, and are no dimensions, because a peer chooses some of them.
 *
 * A line is JSON, so its fields are known by their names, those in a list as `presented.0.pin`.
 */

import { type IWidget, LogQueryVisualizationType, LogQueryWidget } from 'aws-cdk-lib/aws-cloudwatch'
import type { GuardEvent } from '../lib/events.ts'

export interface LogTablesOptions {
  /** Names of log groups. Those that are added to the array later are asked as well. */
  readonly groups: string[]
  readonly probe: boolean
  readonly rotation: boolean
}

const HALF = 12
const HEIGHT = 6

/** Logs Insights takes 50 log groups in one query. */
const LOG_GROUPS_MAX = 50

/** @throws where a query would be refused */
export function checkLogGroups(groups: readonly string[]): void {
  if (groups.length <= LOG_GROUPS_MAX) return
  throw new Error(`A dashboard reads at most ${LOG_GROUPS_MAX} log groups: give it those that matter`)
}

/** In rows. */
export function logTables({ groups, probe, rotation }: LogTablesOptions): IWidget[][] {
  const reserve = [...(probe ? [PROBE] : []), ...(rotation ? [ROTATIONS] : [])]
  const rows = [[REASONS, KEYS], reserve].filter((row) => row.length > 0)
  return rows.map((row) => row.map((table) => tableOf(table, groups, row.length === 1 ? 2 * HALF : HALF)))
}

interface LogTable {
  readonly title: string
  readonly events: readonly GuardEvent['type'][]
  readonly commands: readonly string[]
}

const REASONS: LogTable = {
  title: 'Refused, by host and reason',
  events: ['pin-failure', 'pin-report', 'host-refused', 'tls-failure'],
  commands: [
    // A host that no entry covers has no pattern.
    'fields coalesce(host, requestedHost) as called',
    'stats count(*) as calls, max(@timestamp) as last by called, event, code',
    'sort calls desc',
    'limit 50',
  ],
}

const KEYS: LogTable = {
  title: 'Keys that were shown and not expected',
  events: ['pin-failure', 'pin-report'],
  commands: [
    'stats count(*) as calls, min(@timestamp) as since by host, presented.0.subject, presented.0.pin, policyVersion',
    'sort calls desc',
    'limit 50',
  ],
}

const PROBE: LogTable = {
  title: 'Which pin matched, at the last run of the probe',
  events: ['host-probed'],
  commands: [
    `stats ${[
      'latest(state) as answer',
      'latest(code) as reason',
      'latest(pinName) as name',
      'latest(pin) as matched',
      'latest(UnseenPins) as backups',
    ].join(', ')} by host, requestedHost`,
    'sort answer desc, host asc',
    'limit 100',
  ],
}

const ROTATIONS: LogTable = {
  title: 'Rotations',
  events: ['rotation-ended'],
  commands: ['fields @timestamp, outcome, policyVersion, code, message', 'sort @timestamp desc', 'limit 20'],
}

function tableOf({ title, events, commands }: LogTable, groups: string[], width: number): IWidget {
  const filter = `filter event in [${events.map((event) => `"${event}"`).join(', ')}]`
  return new LogQueryWidget({
    title,
    logGroupNames: groups,
    queryLines: [filter, ...commands],
    view: LogQueryVisualizationType.TABLE,
    width,
    height: HEIGHT,
  })
}
