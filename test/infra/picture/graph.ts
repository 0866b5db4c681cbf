/**
 * One graph: axes, lines or stacked areas, the threshold, and the legend below, cut where CloudWatch would scroll.
 */

import type { Series } from './series.ts'
import { type Box, number, text, widthOf } from './svg.ts'

export interface GraphProperties {
  readonly stacked?: boolean
  readonly yAxis?: { readonly left?: { readonly label?: string; readonly min?: number } }
  readonly annotations?: {
    readonly horizontal?: readonly Threshold[]
  }
}

interface Scale {
  readonly box: Box
  readonly from: number
  readonly until: number
  readonly low: number
  readonly high: number
}

const LEGEND_ROW = 17
const LEGEND_ITEM = 180
const LEGEND_ROWS_MAX = 3
const AXIS_WIDTH = 46
const DAY = 86_400_000
/** Points further apart than this are not of one line: nothing was written between. */
const GAP = 1.5 * DAY
const COLORS = 6

export function graph(
  box: Box,
  all: readonly Series[],
  properties: GraphProperties,
  from: number,
  until: number,
): string {
  const series = all.filter(({ points }) => points.length > 0)
  const perRow = Math.max(1, Math.floor((box.width - 12) / LEGEND_ITEM))
  const legendHeight = Math.min(LEGEND_ROWS_MAX, Math.ceil(series.length / perRow)) * LEGEND_ROW + 6
  const inner = {
    x: box.x + AXIS_WIDTH,
    y: box.y + 6,
    width: box.width - AXIS_WIDTH - 10,
    height: box.height - legendHeight - 30,
  }
  const [line] = properties.annotations?.horizontal ?? []
  const drawn = properties.stacked ? stackedOf(series) : series
  const scale = { box: inner, from, until, ...rangeOf(drawn, properties, line?.value) }
  return [
    axes(scale, properties.yAxis?.left?.label ?? ''),
    line === undefined ? '' : breach(scale, line),
    // From the topmost down: a stacked area covers those that it stands on.
    ...drawn
      .map((one, index) => ({ one, index }))
      .reverse()
      .map(({ one, index }) => plot(scale, one, index, properties.stacked === true)),
    line === undefined ? '' : threshold(scale, line),
    legend({ ...box, y: box.y + box.height - legendHeight, height: legendHeight }, series, perRow),
    series.length === 0
      ? text(inner.x + inner.width / 2, inner.y + inner.height / 2, 'no data', { classes: 'muted', anchor: 'middle' })
      : '',
  ].join('')
}

function rangeOf(
  series: readonly Series[],
  { yAxis }: GraphProperties,
  line: number | undefined,
): { low: number; high: number } {
  const values = [
    ...series.flatMap(({ points }) => points.map(({ value }) => value)),
    ...(line === undefined ? [] : [line]),
  ]
  const top = Math.max(1, ...values)
  const step = 10 ** Math.floor(Math.log10(top))
  // Half of it is written on the axis, too.
  const factors = top < 10 ? [2, 4, 6, 8, 10, 20] : [1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10, 12]
  const high = factors.map((factor) => factor * step).find((candidate) => candidate >= top * 1.05) ?? 2 * top
  return { low: yAxis?.left?.min ?? Math.min(0, ...values), high }
}

/** Each on top of those before it. */
function stackedOf(series: readonly Series[]): Series[] {
  const sums = new Map<number, number>()
  return series.map(({ label, points }) => ({
    label,
    points: points.map(({ at, value }) => {
      const sum = (sums.get(at) ?? 0) + value
      sums.set(at, sum)
      return { at, value: sum }
    }),
  }))
}

function axes({ box, low, high, from, until }: Scale, label: string): string {
  const rows = [0, 0.5, 1].map((part) => {
    const y = box.y + box.height * (1 - part)
    const value = number(low + (high - low) * part)
    return `<path class="grid" d="M${number(box.x)} ${number(y)}h${number(box.width)}"/>${text(box.x - 6, y + 4, value, { size: 11, classes: 'muted', anchor: 'end' })}`
  })
  const days: string[] = []
  for (let at = Math.ceil(from / DAY) * DAY; at < until; at += DAY) {
    const x = box.x + (box.width * (at - from)) / (until - from)
    const name = new Date(at).toISOString().slice(5, 10)
    days.push(text(x, box.y + box.height + 15, name, { size: 10, classes: 'muted', anchor: 'middle' }))
  }
  const isCrowded = box.width / 7 < widthOf('00-00', 13)
  const shownDays = isCrowded ? days.filter((_, index) => index % 2 === 0) : days
  const [x, y] = [box.x - AXIS_WIDTH + 10, box.y + box.height / 2]
  const turned = `<text class="muted" font-size="11" text-anchor="middle" transform="translate(${number(x)} ${number(y)}) rotate(-90)">${label}</text>`
  return [...rows, ...shownDays, turned].join('')
}

interface Threshold {
  readonly value: number
  readonly label: string
  readonly fill?: string
}

function breach({ box, low, high }: Scale, { value, fill }: Threshold): string {
  if (fill === undefined) return ''
  const y = box.y + box.height * (1 - (value - low) / (high - low))
  const [top, bottom] = fill === 'above' ? [box.y, y] : [y, box.y + box.height]
  const place = `x="${number(box.x)}" y="${number(top)}" width="${number(box.width)}" height="${number(bottom - top)}"`
  return `<rect class="breach" ${place}/>`
}

function threshold({ box, low, high }: Scale, { value, label }: Threshold): string {
  const y = box.y + box.height * (1 - (value - low) / (high - low))
  const words = text(box.x + box.width - 4, y - 4, label, { size: 11, classes: 'alert halo', anchor: 'end' })
  return `<path class="threshold" d="M${number(box.x)} ${number(y)}h${number(box.width)}"/>${words}`
}

function plot({ box, from, until, low, high }: Scale, { points }: Series, index: number, isStacked: boolean): string {
  const places = points.map(({ at, value }) => ({
    at,
    x: box.x + (box.width * (at - from)) / (until - from),
    y: box.y + box.height * (1 - (value - low) / (high - low)),
  }))
  const color = `c${index % COLORS}`
  if (isStacked) {
    // An hour is a few pixels wide: a bar for each.
    const width = Math.max(5, (box.width * 3_600_000) / (until - from))
    return places
      .map(
        ({ x, y }) =>
          `<rect class="bar ${color}" x="${number(x)}" y="${number(y)}" width="${number(width)}" height="${number(box.y + box.height - y)}"/>`,
      )
      .join('')
  }
  const path = places.map(({ at, x, y }, place) => {
    const before = places[place - 1]
    return `${before === undefined || at - before.at > GAP ? 'M' : 'L'}${number(x)} ${number(y)}`
  })
  const dots =
    places.length > 20
      ? []
      : places.map(({ x, y }) => `<circle class="${color}" cx="${number(x)}" cy="${number(y)}" r="2.6"/>`)
  return `<path class="line ${color}" d="${path.join('')}"/>${dots.join('')}`
}

function legend(box: Box, series: readonly Series[], perRow: number): string {
  const share = (box.width - 12) / perRow
  return series
    .slice(0, perRow * LEGEND_ROWS_MAX)
    .map(({ label }, index) => {
      const x = box.x + 12 + (index % perRow) * share
      const y = box.y + 4 + Math.floor(index / perRow) * LEGEND_ROW
      const mark = `<rect class="c${index % COLORS}" x="${number(x)}" y="${number(y)}" width="9" height="9" rx="2"/>`
      return mark + text(x + 14, y + 8.5, label, { size: 10.5, width: share - 20 })
    })
    .join('')
}
