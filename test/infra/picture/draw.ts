/**
 * The whole page, drawn from the body of the dashboard as CloudWatch would get it: a change of the dashboard is a change of
 * the picture.
 */

import type { Moment } from './example-week.ts'
import { type GraphProperties, graph } from './graph.ts'
import { answerTo, linesOf, type Table } from './insights.ts'
import { seriesOf, type TimedDatum, timedData } from './series.ts'
import { STYLE } from './style.ts'
import { type Box, escaped, number, text, wrapped } from './svg.ts'

interface Widget {
  readonly type: string
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  readonly properties: Readonly<Record<string, unknown>>
}

export interface Scene {
  readonly moments: readonly Moment[]
  readonly now: number
  readonly service: string
  /** Names of the alarms that are in ALARM. */
  readonly ringing: ReadonlySet<string>
}

/** The scene as CloudWatch has it stored. */
interface Stored extends Scene {
  readonly data: readonly TimedDatum[]
  readonly lines: ReturnType<typeof linesOf>
}

const COLUMN = 50
const ROW = 40
const GAP = 8
const TITLE_HEIGHT = 28
const SHOWN_MS = 7 * 86_400_000

export function drawDashboard(body: string, scene: Scene): string {
  const widgets: Widget[] = JSON.parse(body).widgets
  const height = Math.max(...widgets.map((widget) => widget.y + widget.height)) * ROW + GAP
  const width = 24 * COLUMN + GAP
  const { moments, service } = scene
  const stored = { ...scene, data: timedData(moments, service), lines: linesOf(moments, service) }
  const drawn = widgets.map((widget) => drawWidget(widget, stored))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title">`,
    `<title id="title">The dashboard of a guard after a week of an example</title>`,
    `<style>${STYLE}</style>`,
    `<rect class="page" width="${width}" height="${height}"/>`,
    ...drawn,
    '</svg>',
    '',
  ].join('\n')
}

function drawWidget(widget: Widget, scene: Stored): string {
  const box = {
    x: widget.x * COLUMN + GAP,
    y: widget.y * ROW + GAP,
    width: widget.width * COLUMN - GAP,
    height: widget.height * ROW - GAP,
  }
  const { title } = widget.properties as { title?: string }
  const card = `<rect class="card" x="${box.x}" y="${box.y}" width="${box.width}" height="${box.height}" rx="4"/>`
  const heading = title === undefined ? '' : text(box.x + 12, box.y + 20, title, { size: 13, classes: 'strong' })
  const inside = { ...box, y: box.y + TITLE_HEIGHT, height: box.height - TITLE_HEIGHT }
  return `<g>${card}${heading}${content(widget, title === undefined ? box : inside, scene)}</g>`
}

function content({ type, properties }: Widget, box: Box, scene: Stored): string {
  if (type === 'text') return markdown(String(properties['markdown']), box)
  if (type === 'alarm') return alarms(properties['alarms'] as readonly string[], box, scene.ringing)
  if (type === 'log') return table(answerTo(String(properties['query']), scene.lines), box)
  const rows = properties['metrics'] as readonly unknown[][]
  const series = rows.flatMap((row) => seriesOf(row, scene.data))
  return graph(box, series, properties as GraphProperties, scene.now - SHOWN_MS, scene.now)
}

/** A heading and paragraphs; bold words and links as such, wrapped by estimate. */
function markdown(source: string, box: Box): string {
  let y = box.y + 8
  const paragraphs = source.split('\n').filter((line) => line !== '')
  return paragraphs
    .flatMap((line) => {
      const isHeading = line.startsWith('# ')
      const size = isHeading ? 20 : 13
      const plain = line.replace(/^# /, '').replaceAll(/\[([\w-]+)\]\([^)]*\)/g, '‹$1›')
      const style = isHeading ? ' class="strong"' : ''
      return styled(wrapped(plain, box.width - 30, size)).map((words) => {
        y += isHeading ? 24 : 20
        return `<text x="${box.x + 14}" y="${y}" font-size="${size}"${style}>${words}</text>`
      })
    })
    .join('')
}

/** Bold words may go on in the next line. */
function styled(lines: readonly string[]): string[] {
  let isBold = false
  return lines.map((words) => {
    const parts = words.split('**').map((part, index) => {
      if (index > 0) isBold = !isBold
      const linked = escaped(part).replaceAll(/‹([^›]*)›/g, '<tspan class="link">$1</tspan>')
      return isBold ? `<tspan class="strong">${linked}</tspan>` : linked
    })
    return parts.join('')
  })
}

function alarms(arns: readonly string[], box: Box, ringing: ReadonlySet<string>): string {
  const columns = 2
  const width = (box.width - 12 - 8 * columns) / columns
  return arns
    .map((arn, index) => {
      const name = arn.split(':').at(-1) ?? ''
      const state = ringing.has(name) ? 'ALARM' : 'OK'
      const x = box.x + 12 + (index % columns) * (width + 8)
      const y = box.y + 4 + Math.floor(index / columns) * 34
      const chip = `<rect class="state ${state}" x="${number(x)}" y="${y}" width="${number(width)}" height="28" rx="3"/>`
      const color = state === 'ALARM' ? 'alert' : ''
      const words = text(x + 8, y + 18, name, {
        size: 11,
        classes: color,
        width: width - (state === 'ALARM' ? 50 : 32),
      })
      const end = text(x + width - 7, y + 18, state, { size: 9, anchor: 'end', classes: color || 'good' })
      return chip + words + end
    })
    .join('')
}

function table({ columns, rows }: Table, box: Box): string {
  const height = 24
  const shown = rows.slice(0, Math.floor(box.height / height) - 1)
  const lengths = columns.map((name, index) =>
    Math.min(22, Math.max(name.length, ...shown.map((row) => (row[index] ?? '').length)) + 2),
  )
  const letters = lengths.reduce((sum, length) => sum + length, 0)
  const widths = lengths.map((length) => ((box.width - 20) * length) / letters)
  const line = (cells: readonly string[], y: number, classes: string) => {
    let x = box.x + 12
    return cells
      .map((cell, index) => {
        const width = widths[index] ?? 0
        const words = text(x, y, cell, { size: 11, classes, width: width - 6 })
        x += width
        return words
      })
      .join('')
  }
  const head = line(columns, box.y + 14, 'muted')
  const body = shown.map((row, index) => {
    const y = box.y + 14 + (index + 1) * height
    return `<path class="grid" d="M${box.x + 12} ${y - 16}h${box.width - 24}"/>${line(row, y, '')}`
  })
  return head + body.join('')
}
