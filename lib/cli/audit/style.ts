/**
 * How the page looks: one style sheet, in the page itself. Two palettes, chosen by the reader's system; a test holds every
 * pair of text and ground in them against WCAG 2.2 (1.4.3, contrast 4.5).
 */

/** Ink on paper, as `#rrggbb`. */
export interface Palette {
  readonly ground: string
  readonly card: string
  readonly ink: string
  readonly muted: string
  readonly line: string
  readonly pinned: string
  readonly pinnedGround: string
  readonly good: string
  readonly warn: string
  readonly bad: string
}

export const LIGHT: Palette = {
  ground: '#f3f5f8',
  card: '#ffffff',
  ink: '#1a2029',
  muted: '#566070',
  line: '#ccd3dc',
  pinned: '#0a58a8',
  pinnedGround: '#eaf2fc',
  good: '#17642f',
  warn: '#8a5000',
  bad: '#b3152f',
}

export const DARK: Palette = {
  ground: '#0e1218',
  card: '#171d26',
  ink: '#e7ecf3',
  muted: '#a2adbb',
  line: '#3b4554',
  pinned: '#8ac2ff',
  pinnedGround: '#1c2c41',
  good: '#67d185',
  warn: '#eab54d',
  bad: '#ff8f8c',
}

const RULES = `
*, *::before, *::after { box-sizing: border-box }
html { -webkit-text-size-adjust: 100% }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere }
main { max-width: 1120px; margin: 0 auto; padding: 24px 16px 48px }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 4px }
h2 { font-size: 1.15rem; margin: 36px 0 12px }
h3 { font-size: 1.05rem; line-height: 1.3; margin: 0 }
h4 { font-size: .8rem; margin: 20px 0 8px; color: var(--muted); font-weight: 600 }
p { margin: 0 0 8px }
code, pre { font: .82rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace }
pre { white-space: pre-wrap; margin: 12px 0 0; padding: 12px; border-left: 3px solid var(--bad); background: var(--ground) }
ul, ol { list-style: none; margin: 0; padding: 0 }
svg { display: block; width: 100%; height: auto; max-width: 420px }
svg text { font: 12px system-ui, sans-serif; fill: var(--ink) }
summary { cursor: pointer; color: var(--muted); font-size: .9rem; margin-top: 20px; padding: 4px 0 }
.muted { color: var(--muted) }
.small { font-size: .9rem }
.tiles { display: flex; flex-wrap: wrap; gap: 12px; margin: 20px 0 0 }
.tiles li, .card { background: var(--card); border: 1px solid var(--line); border-radius: 10px }
.tiles li { flex: 1 1 120px; padding: 10px 14px; font-size: .9rem; color: var(--muted) }
.tiles strong { display: block; font-size: 1.5rem; line-height: 1.3; color: var(--ink); font-variant-numeric: tabular-nums }
.card { padding: 16px; margin: 0 0 16px }
.head { display: flex; flex-wrap: wrap; gap: 4px 12px; align-items: baseline; justify-content: space-between }
.badge { font-size: .85rem; font-weight: 600; white-space: nowrap }
.accepted, .tiles .accepted strong { color: var(--good) }
.reported, .warning, .tiles .reported strong { color: var(--warn) }
.refused, .unreachable, .error, .tiles .refused strong, .tiles .unreachable strong { color: var(--bad) }
.info { color: var(--muted) }
.rows > li { padding: 8px 0; border-top: 1px solid var(--line) }
.rows > li:first-child { border-top: 0 }
.rows .label { font-weight: 600; font-size: .9rem }
.columns { display: grid; gap: 8px 32px }
@media (min-width: 760px) {
  main { padding: 40px 32px 64px }
  .card { padding: 20px 24px }
  .columns { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr) }
  .rows.wide > li { display: grid; grid-template-columns: 110px minmax(0, 1fr); gap: 16px }
}
svg .role { font-size: 11px; fill: var(--muted) }
svg .name { font-size: 13px; font-weight: 600 }
svg .when { fill: var(--muted) }
svg .node { fill: var(--card); stroke: var(--line); stroke-width: 1.25 }
svg .node.pinned { fill: var(--pinnedGround); stroke: var(--pinned); stroke-width: 2.5 }
svg .node.spare { stroke: var(--muted); stroke-dasharray: 5 4 }
svg .tag { font-size: 11px; font-weight: 600; fill: var(--pinned) }
svg .needle { fill: none; stroke: var(--pinned); stroke-width: 1.6; stroke-linecap: round }
svg .head-of-needle { fill: var(--pinned) }
svg .arrow { stroke: var(--muted); stroke-width: 1.5; fill: none }
svg .axis { stroke: var(--line); stroke-width: 1 }
svg .label { paint-order: stroke; stroke: var(--card); stroke-width: 3px; stroke-linejoin: round }
svg .tick { font-size: 11px; fill: var(--muted) }
svg .span { stroke: var(--line); stroke-width: 4; stroke-linecap: round }
svg .mark { fill: var(--pinned); stroke: var(--card); stroke-width: 1.5 }
svg .mark.soon { fill: var(--warn) }
svg .mark.past { fill: var(--bad) }
svg .soon-text { fill: var(--warn); font-weight: 600 }
svg .past-text { fill: var(--bad); font-weight: 600 }
@media print { body { background: #fff } .card { break-inside: avoid } }
`

export const STYLE = `:root { color-scheme: light dark; ${variables(LIGHT)} }
@media (prefers-color-scheme: dark) { :root { ${variables(DARK)} } }
${RULES}`

function variables(palette: Palette): string {
  return Object.entries(palette)
    .map(([name, colour]) => `--${name}: ${colour};`)
    .join(' ')
}
