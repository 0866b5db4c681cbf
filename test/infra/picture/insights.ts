/**
 * As much of the language of CloudWatch Logs Insights as the queries of the dashboard use, over the lines of the example.
 * A command or a function that is not here throws: a changed query is noticed.
 */

import { propertiesOf } from '../../../lib/lambda/metrics-properties.ts'
import { dataOf } from '../every-event.ts'
import type { Moment } from './example-week.ts'

type Line = Readonly<Record<string, unknown>>

export interface Table {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

export function linesOf(moments: readonly Moment[], service: string): Line[] {
  return moments.map(({ at, event }) => {
    const metrics = dataOf([event], service).map(({ metric, value }) => [metric, value])
    const pattern = 'pattern' in event && event.pattern ? { host: event.pattern } : {}
    return { ...propertiesOf(event), ...Object.fromEntries(metrics), ...pattern, '@timestamp': at }
  })
}

export function answerTo(query: string, lines: readonly Line[]): Table {
  const commands = query.replace(/^(SOURCE '[^']*' \| )+/, '').split('\n| ')
  let rows = [...lines]
  let columns: string[] = []
  for (const command of commands) {
    const [verb = '', ...words] = command.split(' ')
    const rest = words.join(' ')
    if (verb === 'filter') rows = rows.filter((line) => rest.includes(`"${line['event']}"`))
    else if (verb === 'fields' && rest.includes('coalesce'))
      rows = rows.map((line) => ({ ...line, called: line['host'] ?? line['requestedHost'] }))
    else if (verb === 'fields') columns = rest.split(', ')
    else if (verb === 'stats') ({ rows, columns } = statistics(rest, rows))
    else if (verb === 'sort') rows.sort(orderOf(rest))
    else if (verb === 'limit') rows = rows.slice(0, Number(rest))
    else throw new Error(`What is "${command}"?`)
  }
  return { columns, rows: rows.map((line) => columns.map((name) => shown(name, valueIn(line, name)))) }
}

/** `count(*) as calls, latest(code) as reason by host, event` */
function statistics(text: string, lines: readonly Line[]): { rows: Line[]; columns: string[] } {
  const [what = '', by = ''] = text.split(' by ')
  const groups = by.split(', ')
  const asked = [...what.matchAll(/(\w+)\(([^)]*)\) as (\w+)/g)].map(([, name = '', field = '', as = '']) => ({
    name,
    field,
    as,
  }))
  const found = Map.groupBy(lines, (line) => groups.map((field) => String(valueIn(line, field))).join('\n'))
  const rows = [...found.values()].map((inside) => {
    const keys = groups.map((field) => [field, valueIn(inside[0] ?? {}, field)])
    const results = asked.map(({ name, field, as }) => [
      as,
      resultOf(
        name,
        inside.map((line) => valueIn(line, field)),
      ),
    ])
    return Object.fromEntries([...keys, ...results])
  })
  return { rows, columns: [...groups, ...asked.map(({ as }) => as)] }
}

function resultOf(name: string, values: readonly unknown[]): unknown {
  if (name === 'count') return values.length
  if (name === 'latest') return values.at(-1)
  if (name === 'max') return Math.max(...values.map(Number))
  if (name === 'min') return Math.min(...values.map(Number))
  throw new Error(`What is ${name}()?`)
}

/** `presented.0.pin` is what is in the first of a list; a column of a table may be called so itself. */
function valueIn(line: Line, field: string): unknown {
  if (field in line) return line[field]
  return field.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], line)
}

function orderOf(text: string): (one: Line, other: Line) => number {
  const keys = text.split(', ').map((key) => key.split(' '))
  return (one, other) => {
    for (const [field = '', direction = 'asc'] of keys) {
      const [a, b] = [valueIn(one, field), valueIn(other, field)]
      const order = typeof a === 'number' ? a - Number(b) : String(a).localeCompare(String(b), 'en')
      if (order !== 0) return direction.toLowerCase() === 'desc' ? -order : order
    }
    return 0
  }
}

function shown(name: string, value: unknown): string {
  if (value === undefined) return ''
  const isTime = name === '@timestamp' || name === 'last' || name === 'since'
  return isTime ? new Date(Number(value)).toISOString().slice(0, 16).replace('T', ' ') : String(value)
}
