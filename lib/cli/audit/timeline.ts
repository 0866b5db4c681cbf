/**
 * What ends when, as a picture (SVG): a row for each thing, from today to the right. The scale is that of square roots:
 * the next weeks get room, and years still fit on a telephone.
 */

import { type Ending, remaining } from './ending.ts'
import { type Html, html } from './escape.ts'
import { fitting } from './picture.ts'

const WIDTH = 320
const LEFT = 8
const RIGHT = 308
const ROW = 40
const TOP = 26

/** The right end of the scale, days; what ends later stands at it, as an arrow. */
const MOST_DAYS = 3 * 365

const TICKS = [
  [0, 'now', 'start'],
  [30, '30 d', 'middle'],
  [90, '90 d', 'middle'],
  [365, '1 year', 'middle'],
  [MOST_DAYS, '3 years', 'end'],
] as const

/** Of a label and its time on one line, for a wide font. */
const MOST_CHARACTERS = 39

export interface TimelineRow {
  readonly label: string
  /** At least one; the first tells the row's time. */
  readonly endings: readonly Ending[]
}

/** @param warnDays what ends in fewer days is marked as soon */
export function timeline(rows: readonly TimelineRow[], title: string, id: string, warnDays: number): Html {
  const height = TOP + rows.length * ROW + 4
  return html`<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="${id}-title ${id}-text">
<title id="${id}-title">${title}</title>
<desc id="${id}-text">${rows.map(({ label, endings }) => `${label}: ${endings.map(spoken).join(', ')}. `).join('')}</desc>
${TICKS.map(([at, text, anchor]) => html`<path class="axis" d="M ${position(at)} 18 V ${height}"/><text class="tick" x="${position(at)}" y="12" text-anchor="${anchor}">${text}</text>`)}
${rows.map((row, index) => rowOf(row, TOP + index * ROW, warnDays))}
</svg>`
}

function rowOf({ label, endings }: TimelineRow, top: number, warnDays: number): Html {
  const [first] = endings
  const last = Math.max(...endings.map(({ daysLeft }) => daysLeft))
  const when = first === undefined ? '' : remaining(first.daysLeft)
  const urgency = first === undefined ? '' : urgencyOf(first.daysLeft, warnDays)
  // The later marks first, so that the next end lies on top.
  const marks = [...endings].reverse().map((ending) => markOf(ending, top + 28, warnDays))
  return html`<g><text class="label" x="${LEFT}" y="${top + 14}">${fitting(label, MOST_CHARACTERS - when.length)}</text>
<text class="label ${urgency === '' ? 'when' : `${urgency}-text`}" x="${RIGHT}" y="${top + 14}" text-anchor="end">${when}</text>
<path class="span" d="M ${LEFT} ${top + 28} H ${position(last)}"/>${marks}</g>`
}

/** A certificate is a disc, a pin a diamond, an entry a square; what lies beyond the scale is an arrow. */
function markOf({ kind, label, at, daysLeft }: Ending, middle: number, warnDays: number): Html {
  const x = position(daysLeft)
  const shape =
    daysLeft > MOST_DAYS
      ? `M ${x - 4} ${middle - 6} l 9 6 l -9 6 z`
      : {
          certificate: `M ${x - 5} ${middle} a 5 5 0 1 0 10 0 a 5 5 0 1 0 -10 0`,
          pin: `M ${x} ${middle - 7} l 7 7 l -7 7 l -7 -7 z`,
          entry: `M ${x - 5} ${middle - 5} h 10 v 10 h -10 z`,
        }[kind]
  return html`<path class="mark ${urgencyOf(daysLeft, warnDays)}" d="${shape}"><title>${label}: ${at.slice(0, 10)}</title></path>`
}

function urgencyOf(daysLeft: number, warnDays: number): 'past' | 'soon' | '' {
  if (daysLeft < 0) return 'past'
  return daysLeft < warnDays ? 'soon' : ''
}

/** Of a day, across the picture. */
function position(day: number): number {
  const share = Math.sqrt(Math.min(Math.max(day, 0), MOST_DAYS) / MOST_DAYS)
  return Math.round((LEFT + share * (RIGHT - LEFT)) * 10) / 10
}

function spoken({ label, at, daysLeft }: Ending): string {
  return `${label} ${daysLeft < 0 ? 'ended' : 'ends'} on ${at.slice(0, 10)}`
}
