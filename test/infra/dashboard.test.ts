import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { App, Stack } from 'aws-cdk-lib'
import { LogGroup } from 'aws-cdk-lib/aws-logs'
import { RUNBOOKS } from '../../infra/alarm-table.ts'
import { GuardDashboard } from '../../infra/dashboard.ts'
import { METRIC_NAMESPACE, METRICS } from '../../lib/events.ts'
import { propertiesOf } from '../../lib/lambda/metrics-properties.ts'
import { mistakesIn } from './dashboard-rules.ts'
import { ALL_EVENTS, dataOf, EVERY_EVENT } from './every-event.ts'
import { alarmsIn, dashboardIn, type WatchedOptions, watchedStack } from './watched-stack.ts'

interface Widget {
  readonly type: string
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  readonly properties: Readonly<Record<string, unknown>>
}

function widgetsOf(options: WatchedOptions = {}): Widget[] {
  return JSON.parse(dashboardIn(watchedStack(options)).body).widgets
}

const template = watchedStack()
const { body, strange } = dashboardIn(template)
const widgets: Widget[] = JSON.parse(body).widgets

describe('the dashboard', () => {
  const kinds: readonly [string, WatchedOptions][] = [
    ['with everything', {}],
    ['without probe, rotation and logs', { isBare: true, hasLogs: false }],
    ['of a service with a long name', { service: 'quotes.of-the_bank/'.repeat(10) }],
  ]
  for (const [kind, options] of kinds) {
    test(`${kind} is what CloudWatch takes`, () => {
      assert.deepEqual(mistakesIn(dashboardIn(watchedStack(options)).body), [])
    })
  }

  test('holds no token but the region, its alarms and its log groups: it says the same in every account', () => {
    assert.deepEqual(strange, [])
  })

  test('shows only what the library really writes, for the service and by host', () => {
    const data = dataOf(ALL_EVENTS, 'quotes')
    const rows = widgets
      .filter(({ type }) => type === 'metric')
      .flatMap(({ properties }) => properties['metrics'] as unknown[][])
    for (const row of rows) {
      const { expression } = row.at(-1) as { expression?: string }
      const found = /^SEARCH\('\{(\w+),service,host\} MetricName="(\w+)" service="(\w+)"/.exec(expression ?? '')
      const [namespace, metric, , service] = found ? [found[1], found[2], 'service', found[3]] : row
      const names = found ? 'service,host' : 'service'
      const isWritten = data.some(
        (datum) =>
          datum.namespace === namespace &&
          datum.metric === metric &&
          datum.dimensions['service'] === service &&
          Object.keys(datum.dimensions).join() === names,
      )
      assert.ok(isWritten, JSON.stringify(row))
    }
  })

  test('shows every metric', () => {
    for (const name of Object.keys(METRICS)) assert.match(body, new RegExp(`\\b${name}\\b`))
    assert.match(body, new RegExp(`\\b${METRIC_NAMESPACE}\\b`))
  })

  test('asks the logs only for events and fields that a line has', () => {
    const lines = ALL_EVENTS.map((event) => ({ ...propertiesOf(event), ...valuesOf(event) }))
    const known = new Set(lines.flatMap((line) => Object.keys(line)))
    const ownWords = 'fields filter stats sort limit by as in and desc asc count latest min max coalesce event'.split(
      ' ',
    )
    for (const { properties } of widgets.filter(({ type }) => type === 'log')) {
      const [, query = ''] = /^(?:SOURCE '[^']+' \| )+(.*)$/s.exec(String(properties['query'])) ?? []
      for (const [, event = ''] of query.matchAll(/"([\w-]+)"/g)) assert.ok(event in EVERY_EVENT, event)
      const names = new Set([...query.matchAll(/ as (\w+)/g)].map(([, name]) => name))
      // `presented.0.pin` is how Logs Insights names what is in a list.
      const words = query.replaceAll(/"[^"]*"/g, '').match(/(?<![\w.])@?[A-Za-z]\w*/g) ?? []
      for (const word of words) {
        const isKnown = known.has(word) || names.has(word) || ownWords.includes(word) || word.startsWith('@')
        assert.ok(isKnown, `${word} in ${query}`)
      }
    }
  })

  test('shows the state of every alarm, but of the one that is in ALARM when all is well', () => {
    const shown = widgets
      .filter(({ type }) => type === 'alarm')
      .flatMap(({ properties }) => properties['alarms'] as string[])
    const names = shown.map((arn) => arn.split(':').at(-1))
    assert.deepEqual(names.sort(), [...alarmsIn(template).keys()].filter((name) => name !== 'ProbeAccepts').sort())
  })

  test('says what to do, and links every runbook', () => {
    const [text] = widgets
    assert.equal(text?.type, 'text')
    for (const name of RUNBOOKS) assert.ok(String(text?.properties['markdown']).includes(`/${name}.md)`), name)
    const own = widgetsOf({ runbookBaseUrl: 'https://wiki.example' })
    assert.match(String(own[0]?.properties['markdown']), /\(https:\/\/wiki\.example\/pin-failure\.md\)/)
  })

  test('asks the logs of functions that were added later, each group once, and at most fifty', () => {
    const stack = new Stack(new App(), 'Many')
    const dashboard = new GuardDashboard(stack, 'Watch', { service: 'quotes' })
    const groups = Array.from({ length: 50 }, (_, index) =>
      LogGroup.fromLogGroupName(stack, `L${index}`, `/logs/${index}`),
    )
    dashboard.addLogGroups()
    dashboard.addLogGroups(...groups.slice(0, 1))
    dashboard.addLogGroups(...groups)
    const json = JSON.stringify(stack.resolve((dashboard.dashboard.node.defaultChild as never)['dashboardBody']))
    assert.equal(json.split("SOURCE '/logs/0'").length, 3)
    assert.ok(json.includes("SOURCE '/logs/49'"))
    assert.throws(
      () => dashboard.addLogGroups(LogGroup.fromLogGroupName(stack, 'L', '/logs/more')),
      /at most 50 log groups/,
    )
  })
})

/** What stands beside the properties of a line: its dimensions and its metrics. */
function valuesOf(event: (typeof ALL_EVENTS)[number]): Record<string, unknown> {
  return Object.fromEntries(
    dataOf([event], 'q').flatMap(({ dimensions, metric }) => [...Object.entries(dimensions), [metric, 0]]),
  )
}

describe('the rules refuse', () => {
  const graph = (properties: object, place = {}) => ({
    ...{ type: 'metric', x: 0, y: 0, width: 6, height: 6, ...place },
    properties: { region: 'eu-central-1', metrics: [['N', 'M']], ...properties },
  })
  const log = (query: string) => ({ ...graph({}), type: 'log', properties: { region: 'eu-central-1', query } })
  const cases: readonly [mistake: RegExp, widget: object | object[]][] = [
    [/columns 20 to 26/, graph({}, { x: 20 })],
    [/place is no integer/, graph({}, { x: undefined })],
    [/0 rows/, graph({}, { height: 0 })],
    [/lies on another/, [graph({}), graph({})]],
    [/lacks region/, graph({ region: undefined })],
    [/region \$\{AWS/, graph({ region: `$\{AWS::Region}` })],
    [/lacks metrics/, { ...graph({}), properties: { region: 'eu-central-1' } }],
    [/unknown field titel/, graph({ titel: 'x' })],
    [/view pyramid/, graph({ view: 'pyramid' })],
    [/statistic Mean/, graph({ stat: 'Mean' })],
    [/period 90/, graph({ period: 90 })],
    [/a metric of 3 words/, graph({ metrics: [['N', 'M', 'service']] })],
    [/period 30/, graph({ metrics: [['N', 'M', { period: 30 }]] })],
    [/color red/, graph({ metrics: [['N', 'M', { color: 'red' }]] })],
    [/neither metric nor expression/, graph({ metrics: [[{ label: 'x' }]] })],
    [/no search/, graph({ metrics: [[{ expression: 'SEARCH({N,service} M, Sum)' }]] })],
    [/501 metrics/, graph({ metrics: Array.from({ length: 501 }, () => ['N', 'M']) })],
    [/fill left/, graph({ annotations: { horizontal: [{ value: 1, fill: 'left' }] } })],
    [/line at undefined/, graph({ annotations: { horizontal: [{ label: 'x' }] } })],
    [/a gauge without/, graph({ view: 'gauge' })],
    [/legend top/, graph({ legend: { position: 'top' } })],
    [/0 log groups/, log('filter a = 1')],
    [/no command: select/, log("SOURCE 'a' | filter a = 1\n| select b")],
    [/type picture/, { ...graph({}), type: 'picture' }],
    [/empty markdown/, { ...graph({}), type: 'text', properties: { markdown: '' } }],
    [/no alarm: x/, { ...graph({}), type: 'alarm', properties: { alarms: ['x'] } }],
    [/0 alarms/, { ...graph({}), type: 'alarm', properties: { alarms: [] } }],
  ]
  for (const [mistake, widget] of cases) {
    test(String(mistake), () => {
      assert.match(mistakesIn(JSON.stringify({ widgets: [widget].flat() })).join('\n'), mistake)
    })
  }

  test('a body that is no dashboard, or not resolved', () => {
    assert.deepEqual(mistakesIn('{}'), ['widgets is no array'])
    assert.deepEqual(mistakesIn(`{"widgets":[],"start":"$\{Token[AWS.Region.4]}"}`), ['a token was left in the body'])
    assert.deepEqual(mistakesIn('{"widgets":[],"start":"7 days"}'), ['start is no range'])
    assert.match(mistakesIn(JSON.stringify({ widgets: Array(501).fill(graph({})) })).join(), /501 widgets/)
  })
})
