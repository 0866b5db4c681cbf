/**
 * What CloudWatch would say of the alarms, given what has just happened: for the moment after it, with everything within
 * one period. Windows and delays are CloudWatch's own and are not played here.
 */

import type { GuardEvent } from '../../lib/events.ts'
import { type Datum, dataOf } from './every-event.ts'
import { type AlarmResource, nameOf } from './watched-stack.ts'

export type State = 'ALARM' | 'OK'

/** The names of all alarms that ring. */
export function ringing(
  alarms: ReadonlyMap<string, AlarmResource>,
  events: readonly GuardEvent[],
  service: string,
): Set<string> {
  const data = dataOf(events, service)
  const states = new Map<string, State>()
  for (const { name, isComposite, properties } of alarms.values()) {
    if (!isComposite) states.set(name, sensorState(properties, data))
  }
  // Composites of this stack are made of sensors only, never of each other.
  for (const { name, isComposite, properties } of alarms.values()) {
    if (isComposite) states.set(name, ruleState(properties['AlarmRule'], states))
  }
  return new Set([...states].filter(([, state]) => state === 'ALARM').map(([name]) => name))
}

interface Query {
  readonly Id: string
  readonly Expression?: string
  readonly MetricStat?: { readonly Metric: MetricProperties; readonly Stat: string; readonly Unit?: string }
}

interface MetricProperties {
  readonly MetricName?: string
  readonly Namespace?: string
  readonly Dimensions?: readonly { readonly Name: string; readonly Value: string }[]
}

/** What a metric alarm waits for: name, namespace, dimensions, unit. */
export function watchedBy(properties: Readonly<Record<string, unknown>>): Omit<Datum, 'value'>[] {
  const queries = (properties['Metrics'] as Query[] | undefined)?.flatMap(({ MetricStat }) => MetricStat ?? [])
  if (queries) return queries.map(({ Metric, Unit }) => waitsFor(Metric, Unit))
  return [waitsFor(properties as MetricProperties, properties['Unit'] as string | undefined)]
}

function waitsFor({ Namespace, MetricName, Dimensions = [] }: MetricProperties, unit?: string): Omit<Datum, 'value'> {
  return {
    namespace: String(Namespace),
    metric: String(MetricName),
    unit: String(unit),
    dimensions: Object.fromEntries(Dimensions.map(({ Name, Value }) => [Name, Value])),
  }
}

export function fits(wanted: Omit<Datum, 'value'>, { value, ...datum }: Datum): boolean {
  return JSON.stringify(wanted) === JSON.stringify(datum)
}

function sensorState(properties: Readonly<Record<string, unknown>>, data: readonly Datum[]): State {
  const value = valueFor(properties, data)
  if (value === undefined) return properties['TreatMissingData'] === 'breaching' ? 'ALARM' : 'OK'
  // Everything here is within one period.
  if ((properties['DatapointsToAlarm'] as number) > 1) return 'OK'
  const threshold = properties['Threshold'] as number
  const comparisons: Record<string, boolean> = {
    GreaterThanOrEqualToThreshold: value >= threshold,
    LessThanOrEqualToThreshold: value <= threshold,
    LessThanThreshold: value < threshold,
  }
  return comparisons[String(properties['ComparisonOperator'])] ? 'ALARM' : 'OK'
}

/** The formulas in use, played; another one must be taught first. */
const FORMULAS: Readonly<Record<string, (of: (id: string) => number) => number>> = {
  'IF(failures > 0, age, 0)': (of) => (of('failures') > 0 ? of('age') : 0),
  'refused + unreachable': (of) => of('refused') + of('unreachable'),
}

function valueFor(properties: Readonly<Record<string, unknown>>, data: readonly Datum[]): number | undefined {
  const queries = properties['Metrics'] as Query[] | undefined
  if (!queries) {
    const [wanted] = watchedBy(properties)
    return statistic(
      String(properties['Statistic']),
      data.filter((datum) => wanted && fits(wanted, datum)),
    )
  }
  const values = new Map<string, number | undefined>()
  for (const { Id, MetricStat } of queries) {
    if (!MetricStat) continue
    const wanted = waitsFor(MetricStat.Metric, MetricStat.Unit)
    values.set(
      Id,
      statistic(
        MetricStat.Stat,
        data.filter((datum) => fits(wanted, datum)),
      ),
    )
  }
  const expression = queries.find(({ Expression }) => Expression)?.Expression ?? ''
  const formula = FORMULAS[expression]
  if (!formula) throw new Error(`What is ${expression}?`)
  // Where one is missing, so is the result.
  if ([...values.values()].includes(undefined)) return undefined
  return formula((id) => values.get(id) ?? Number.NaN)
}

function statistic(name: string, data: readonly Datum[]): number | undefined {
  const values = data.map(({ value }) => value)
  if (values.length === 0) return undefined
  if (name === 'Maximum') return Math.max(...values)
  if (name === 'Minimum') return Math.min(...values)
  if (name === 'SampleCount') return values.length
  if (name === 'Sum') return values.reduce((sum, value) => sum + value, 0)
  throw new Error(`What is ${name}?`)
}

type RulePart = string | { readonly 'Fn::GetAtt': readonly [string, string] }

/** The rule as text, each alarm under its own name. */
export function ruleText(rule: unknown): string {
  const [, parts] = (rule as { 'Fn::Join': [string, RulePart[]] })['Fn::Join']
  return parts.map((part) => (typeof part === 'string' ? part : nameOf(part['Fn::GetAtt'][0]))).join('')
}

/** `ALARM("x")`, `OR`, `AND`, `NOT` and parentheses are a Boolean expression in other words. */
function ruleState(rule: unknown, states: ReadonlyMap<string, State>): State {
  const tokens = ruleText(rule).match(/ALARM\("\w+"\)|\(|\)|AND|OR|NOT/g) ?? []
  let position = 0
  const either = (): boolean => {
    let value = both()
    while (tokens[position] === 'OR') {
      position++
      const next = both()
      value ||= next
    }
    return value
  }
  const both = (): boolean => {
    let value = one()
    while (tokens[position] === 'AND') {
      position++
      const next = one()
      value &&= next
    }
    return value
  }
  const one = (): boolean => {
    const token = tokens[position++]
    if (token === 'NOT') return !one()
    if (token === '(') {
      const value = either()
      position++
      return value
    }
    const name = /"(\w+)"/.exec(token ?? '')?.[1] ?? ''
    if (!states.has(name)) throw new Error(`No sensor ${name}`)
    return states.get(name) === 'ALARM'
  }
  return either() ? 'ALARM' : 'OK'
}
