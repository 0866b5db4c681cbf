/**
 * The picture of docs/performance.md: what a new environment takes with each peer, and how the ratios stand to their
 * targets. One SVG without scripts or fonts of its own, readable on light and dark ground.
 */

import { type Figure, formatValue } from './figure.ts'
import type { Spread } from './spread.ts'

export interface Bar {
  readonly label: string
  /** ms. */
  readonly time: Spread
  readonly isOurs: boolean
}

const WIDTH = 1000
const LABELS = 560
const ROW = 30
const TOP = 64
const TICKS = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75] as const
const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1c2430 }
  .title { font-weight: 600; font-size: 16px }
  .quiet { fill: #5a6675 }
  .theirs { fill: #b6c0cc } .ours { fill: #0b57a8 } .spread { stroke: #1c2430; stroke-width: 1.5 }
  .grid { stroke: #d5dce4 } .target { stroke: #a3121f; stroke-width: 2 } .dot { fill: #0b57a8 }
  .ground { fill: #ffffff }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6ebf1 } .quiet { fill: #9aa7b5 } .theirs { fill: #4a5663 } .ours, .dot { fill: #6db1ff }
    .spread { stroke: #e6ebf1 } .grid { stroke: #2c3641 } .target { stroke: #ff8a8a } .ground { fill: #12171d }
  }`

export function chartOf(bars: readonly Bar[], ratios: readonly Figure[]): string {
  const second = TOP + bars.length * ROW + 70
  const height = second + ratios.length * ROW + 56
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title">
<title id="title">New environments by peer, and ratios against plain undici</title>
<style>${STYLE}
</style>
<rect class="ground" width="${WIDTH}" height="${height}"/>
<text class="title" x="20" y="28">Start of a process to its first answer, ms</text>
<text class="quiet" x="20" y="48">median of the runs; the line goes from the lower to the upper quartile</text>
${barsOf(bars)}
<text class="title" x="20" y="${second - 28}">With the guard, against the same without it</text>
<text class="quiet" x="20" y="${second - 8}">1 is no difference; the red mark is the target</text>
${dotsOf(ratios, second)}
</svg>
`
}

function barsOf(bars: readonly Bar[]): string {
  const longest = Math.max(...bars.map(({ time }) => time.high))
  const scale = (WIDTH - LABELS - 90) / longest
  return bars
    .map(({ label, time, isOurs }, index) => {
      const y = TOP + index * ROW
      const middle = y + ROW / 2
      return [
        `<text x="20" y="${middle + 4}">${escaped(label)}</text>`,
        `<rect class="${isOurs ? 'ours' : 'theirs'}" x="${LABELS}" y="${y + 5}" width="${round(time.median * scale)}" height="${ROW - 12}" rx="2"/>`,
        `<line class="spread" x1="${round(LABELS + time.low * scale)}" x2="${round(LABELS + time.high * scale)}" y1="${middle}" y2="${middle}"/>`,
        `<text x="${round(LABELS + time.high * scale + 8)}" y="${middle + 4}">${Math.round(time.median)}</text>`,
      ].join('\n')
    })
    .join('\n')
}

/** Ratios on the scale of {@link TICKS}; what lies outside stands at the edge, with its number. */
function dotsOf(figures: readonly Figure[], top: number): string {
  const [least, most] = [TICKS[0], TICKS[TICKS.length - 1] ?? 1] as const
  const scale = (WIDTH - LABELS - 90) / (most - least)
  const at = (ratio: number) => round(LABELS + (Math.min(most, Math.max(least, ratio)) - least) * scale)
  const bottom = top + figures.length * ROW
  const grid = TICKS.map(
    (ratio) =>
      `<line class="grid" x1="${at(ratio)}" x2="${at(ratio)}" y1="${top}" y2="${bottom}"/><text class="quiet" x="${at(ratio)}" y="${bottom + 20}" text-anchor="middle">${ratio}</text>`,
  )
  const rows = figures.map(({ group, name, result, target }, index) => {
    const y = top + index * ROW + ROW / 2
    const mark = target === undefined ? undefined : 'most' in target ? target.most : target.least
    return [
      `<text x="20" y="${y + 4}">${escaped(`${group}: ${name}`)}</text>`,
      ...(mark === undefined
        ? []
        : [`<line class="target" x1="${at(mark)}" x2="${at(mark)}" y1="${y - 9}" y2="${y + 9}"/>`]),
      `<line class="spread" x1="${at(result.low)}" x2="${at(result.high)}" y1="${y}" y2="${y}"/>`,
      `<circle class="dot" cx="${at(result.median)}" cy="${y}" r="5"/>`,
      `<text x="${WIDTH - 20}" y="${y + 4}" text-anchor="end">${formatValue(result.median, 'x')}</text>`,
    ].join('\n')
  })
  return [...grid, ...rows].join('\n')
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
