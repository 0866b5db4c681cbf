/**
 * What CloudWatch demands of the body of a dashboard, written down from "Dashboard Body Structure and Syntax" (CloudWatch
 * API Reference) and "CloudWatch search expression syntax" (User Guide). PutDashboard answers mistakes with an error or
 * with a warning and an empty graph; CloudFormation shows the second to nobody.
 *
 * Stricter than CloudWatch where it would guess: every widget has its place, no field is unknown.
 */

type Fields = Readonly<Record<string, unknown>>

const GRID_COLUMNS = 24
const WIDGETS_MAX = 500
const HEIGHT_MAX = 1000
const METRICS_MAX = 500
const SEARCHES_MAX = 5
const SEARCH_CHARACTERS_MAX = 1024
const ALARMS_MAX = 100
const DIMENSIONS_MAX = 30
const QUERY_LOG_GROUPS_MAX = 50
const QUERY_CHARACTERS_MAX = 10_000
/** No number is documented for markdown; the whole body has this one. */
const BODY_CHARACTERS_MAX = 1_000_000
const MARKDOWN_CHARACTERS_MAX = 10_000

const STATISTIC = /^(SampleCount|Average|Sum|Minimum|Maximum|p\d{1,2}(\.\d{1,2})?)$/
const COLOR = /^#[0-9a-fA-F]{6}$/
const REGION = /^[a-z]{2}(-[a-z]+)+-\d$/
const RELATIVE_START = /^-P(T\d+[MH]|\d+[DWM])$/
const ALARM_ARN = /^arn:aws[\w-]*:cloudwatch:[\w-]+:\d{12}:alarm:.{1,255}$/
/** Schema of a namespace and dimensions, exact terms, statistic; nothing that closes the quotes. */
const SEARCH =
  /^SEARCH\('\{[\w.#/:-]+(?:,[\w-]+)+\} MetricName="\w+"(?: \w+="[^"'\\]+")+', '(SampleCount|Average|Sum|Minimum|Maximum)'(?:, \d+)?\)$/

/** Fields of `properties` by type of widget: those that must be there, and those that may. */
const PROPERTIES: Readonly<Record<string, readonly [required: readonly string[], optional: readonly string[]]>> = {
  text: [['markdown'], ['background']],
  alarm: [['alarms'], ['title', 'sortBy', 'states']],
  log: [
    ['region', 'query'],
    ['title', 'view', 'stacked', 'accountId'],
  ],
  metric: [
    ['region', 'metrics'],
    [
      ...[
        'accountId',
        'annotations',
        'legend',
        'liveData',
        'period',
        'setPeriodToTimeRange',
        'singleValueFullPrecision',
      ],
      ...['sparkline', 'stacked', 'stat', 'table', 'timezone', 'title', 'trend', 'view', 'yAxis'],
    ],
  ],
}

const VIEWS: Readonly<Record<string, readonly string[]>> = {
  metric: ['timeSeries', 'singleValue', 'gauge', 'bar', 'pie', 'table'],
  log: ['table', 'timeSeries', 'bar', 'pie'],
}

/** @returns a sentence for each mistake; none: CloudWatch takes the body */
export function mistakesIn(body: string): string[] {
  if (body.length > BODY_CHARACTERS_MAX) return ['the body is too long']
  if (/\$\{Token\[|<unresolved>/i.test(body)) return ['a token was left in the body']
  const dashboard: Fields = JSON.parse(body)
  const widgets = dashboard['widgets']
  if (!Array.isArray(widgets)) return ['widgets is no array']
  return [
    ...unknown(dashboard, ['widgets', 'variables', 'start', 'end', 'periodOverride'], 'dashboard'),
    ...when(widgets.length > WIDGETS_MAX, `${widgets.length} widgets`),
    ...when(dashboard['start'] !== undefined && !RELATIVE_START.test(String(dashboard['start'])), 'start is no range'),
    ...when(
      !['auto', 'inherit', undefined].includes(dashboard['periodOverride'] as string),
      'periodOverride is unknown',
    ),
    ...widgets.flatMap((widget: Fields, index) =>
      mistakesOfWidget(widget).map((mistake) => `widget ${index}: ${mistake}`),
    ),
    ...overlaps(widgets),
  ]
}

function mistakesOfWidget(widget: Fields): string[] {
  const type = String(widget['type'])
  const known = PROPERTIES[type]
  if (!known) return [`type ${type}`]
  const properties = (widget['properties'] ?? {}) as Fields
  const [required, optional] = known
  return [
    ...unknown(widget, ['type', 'x', 'y', 'width', 'height', 'properties'], 'widget'),
    ...mistakesOfPlace(widget),
    ...required.filter((name) => properties[name] === undefined).map((name) => `lacks ${name}`),
    ...unknown(properties, [...required, ...optional], 'properties'),
    ...when('region' in properties && !REGION.test(String(properties['region'])), `region ${properties['region']}`),
    ...when('view' in properties && !VIEWS[type]?.includes(String(properties['view'])), `view ${properties['view']}`),
    ...when('title' in properties && typeof properties['title'] !== 'string', 'title is no text'),
    ...(OF_TYPE[type]?.(properties) ?? []),
  ]
}

function mistakesOfPlace({ x, y, width, height }: Fields): string[] {
  if (![x, y, width, height].every(Number.isInteger)) return ['place is no integer']
  const [left, top, columns, rows] = [x, y, width, height] as [number, number, number, number]
  return [
    ...when(left < 0 || left > GRID_COLUMNS - 1 || top < 0, `place ${left}, ${top}`),
    ...when(columns < 1 || left + columns > GRID_COLUMNS, `columns ${left} to ${left + columns}`),
    ...when(rows < 1 || rows > HEIGHT_MAX, `${rows} rows`),
  ]
}

const OF_TYPE: Readonly<Record<string, (properties: Fields) => string[]>> = {
  text: ({ markdown, background = 'solid' }) => [
    ...when(typeof markdown !== 'string' || markdown.trim() === '', 'empty markdown'),
    ...when(String(markdown).length > MARKDOWN_CHARACTERS_MAX, 'markdown is too long'),
    ...when(!['solid', 'transparent'].includes(String(background)), `background ${background}`),
  ],
  alarm: ({ alarms }) => {
    const arns = (alarms ?? []) as readonly string[]
    return [
      ...when(arns.length < 1 || arns.length > ALARMS_MAX, `${arns.length} alarms`),
      ...arns.filter((arn) => !ALARM_ARN.test(arn)).map((arn) => `no alarm: ${arn}`),
    ]
  },
  log: ({ query }) => mistakesOfQuery(String(query)),
  metric: (properties) => mistakesOfGraph(properties),
}

/** `SOURCE 'a' | SOURCE 'b' | first command`, and each further command on a line that begins with a bar. */
function mistakesOfQuery(query: string): string[] {
  const [sources = '', ...commands] = query.split('\n| ')
  const groups = [...sources.matchAll(/SOURCE '([\w./#-]{1,512})' \| /g)]
  const first = sources.slice(groups.map(([text]) => text).join('').length)
  const isCommand = (text: string) => /^(fields|filter|stats|sort|limit|parse|display|dedup) \S/.test(text)
  return [
    ...when(groups.length < 1 || groups.length > QUERY_LOG_GROUPS_MAX, `${groups.length} log groups`),
    ...when(query.length > QUERY_CHARACTERS_MAX, 'the query is too long'),
    ...[first, ...commands].filter((command) => !isCommand(command)).map((command) => `no command: ${command}`),
  ]
}

function mistakesOfGraph({ metrics, annotations, stat, period, legend, yAxis, view }: Fields): string[] {
  const rows = (metrics ?? []) as readonly (readonly unknown[])[]
  const { horizontal = [], ...others } = (annotations ?? {}) as { readonly horizontal?: readonly Fields[] }
  const searches = rows.filter(([first]) => String((first as Fields)?.['expression']).startsWith('SEARCH('))
  const position = (legend as Fields | undefined)?.['position'] ?? 'bottom'
  return [
    ...when(rows.length < 1 || rows.length > METRICS_MAX, `${rows.length} metrics`),
    ...when(searches.length > SEARCHES_MAX, `${searches.length} searches`),
    ...rows.flatMap((row) => mistakesOfMetric(row)),
    ...mistakesOfRendering({ ...(stat === undefined ? {} : { stat }), ...(period === undefined ? {} : { period }) }),
    ...when(!['right', 'bottom', 'hidden'].includes(String(position)), `legend ${position}`),
    ...when(Object.keys(others).length > 0, 'annotations other than lines'),
    ...horizontal.flatMap((line) => mistakesOfLine(line)),
    ...mistakesOfAxes((yAxis ?? {}) as Fields, view === 'gauge'),
  ]
}

/** `[namespace, name, {dimension, value}…, {rendering}?]`, or `[{expression, label?, id?…}]`. */
function mistakesOfMetric(row: readonly unknown[]): string[] {
  const last = row.at(-1)
  const rendering = typeof last === 'object' ? (last as Fields) : {}
  const words = typeof last === 'object' ? row.slice(0, -1) : row
  if (words.length === 0) return mistakesOfExpression(rendering)
  return [
    ...when(!words.every((word) => typeof word === 'string' && word !== ''), 'a metric of other than texts'),
    ...when(words.length < 2 || words.length % 2 !== 0, `a metric of ${words.length} words`),
    ...when((words.length - 2) / 2 > DIMENSIONS_MAX, 'too many dimensions'),
    ...when('expression' in rendering, 'a metric that is an expression, too'),
    ...mistakesOfRendering(rendering),
  ]
}

function mistakesOfExpression({ expression, ...rendering }: Fields): string[] {
  const text = String(expression)
  return [
    ...when(typeof expression !== 'string' || text === '', 'neither metric nor expression'),
    ...when(text.startsWith('SEARCH(') && !SEARCH.test(text), `no search: ${text}`),
    ...when(text.startsWith('SEARCH(') && text.length > SEARCH_CHARACTERS_MAX, 'the search is too long'),
    ...mistakesOfRendering(rendering),
  ]
}

function mistakesOfRendering(rendering: Fields): string[] {
  const {
    stat = 'Sum',
    period = 60,
    color = '#000000',
    yAxis = 'left',
    label = '',
    visible = true,
    id = 'a',
  } = rendering
  return [
    ...unknown(
      rendering,
      ['stat', 'period', 'color', 'yAxis', 'label', 'visible', 'id', 'region', 'accountId'],
      'metric',
    ),
    ...when(!STATISTIC.test(String(stat)), `statistic ${stat}`),
    ...when(!Number.isInteger(period) || Number(period) < 60 || Number(period) % 60 !== 0, `period ${period}`),
    ...when(!COLOR.test(String(color)), `color ${color}`),
    ...when(!['left', 'right'].includes(String(yAxis)), `axis ${yAxis}`),
    ...when(typeof label !== 'string' || typeof visible !== 'boolean', 'label or visible of another type'),
    ...when(!/^[a-z]\w*$/.test(String(id)), `id ${id}`),
  ]
}

function mistakesOfLine(line: Fields): string[] {
  const { value, color = '#000000', fill = 'none', yAxis = 'left' } = line
  return [
    ...unknown(line, ['value', 'label', 'color', 'fill', 'visible', 'yAxis'], 'line'),
    ...when(!Number.isFinite(value), `line at ${value}`),
    ...when(!COLOR.test(String(color)), `color ${color}`),
    ...when(!['above', 'below', 'none'].includes(String(fill)), `fill ${fill}`),
    ...when(!['left', 'right'].includes(String(yAxis)), `axis ${yAxis}`),
  ]
}

function mistakesOfAxes(axes: Fields, isGauge: boolean): string[] {
  const { min, max } = (axes['left'] ?? {}) as Fields
  return [
    ...unknown(axes, ['left', 'right'], 'yAxis'),
    ...Object.values(axes).flatMap((axis) => unknown(axis as Fields, ['label', 'min', 'max', 'showUnits'], 'axis')),
    ...when(isGauge && (min === undefined || max === undefined), 'a gauge without min and max'),
  ]
}

/** CloudWatch moves one of the two away, and the rest of the page with it. */
function overlaps(widgets: readonly Fields[]): string[] {
  const taken = new Set<string>()
  const mistakes: string[] = []
  for (const [index, widget] of widgets.entries()) {
    const { x, y, width, height } = widget as Record<string, number>
    for (let column = x ?? 0; column < (x ?? 0) + (width ?? 0); column++) {
      for (let row = y ?? 0; row < (y ?? 0) + (height ?? 0); row++) {
        const cell = `${column},${row}`
        if (taken.has(cell)) mistakes.push(`widget ${index}: lies on another at ${cell}`)
        taken.add(cell)
      }
    }
  }
  return mistakes
}

function unknown(fields: Fields, known: readonly string[], of: string): string[] {
  return Object.keys(fields)
    .filter((name) => !known.includes(name))
    .map((name) => `unknown field ${name} of ${of}`)
}

function when(isMistake: boolean, mistake: string): string[] {
  return isMistake ? [mistake] : []
}
