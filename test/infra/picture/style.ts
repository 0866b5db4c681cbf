/** The look of the picture: two sets of colors, of which the reader's system picks one. */

const LIGHT = {
  page: '#eef0f2',
  card: '#ffffff',
  edge: '#d5d9dd',
  ink: '#16191f',
  muted: '#5a6772',
  grid: '#e3e7ea',
  alert: '#b8181b',
  alertGround: '#fbe7e7',
  good: '#1d7a36',
  goodGround: '#eaf6ed',
  link: '#0b63b5',
  lines: ['#1f77b4', '#e0701a', '#2c8f3c', '#8458b3', '#8c564b', '#c54f9e'],
}

const DARK: typeof LIGHT = {
  page: '#0d1117',
  card: '#161b22',
  edge: '#30363d',
  ink: '#e6edf3',
  muted: '#9aa6b2',
  grid: '#262d36',
  alert: '#ff8078',
  alertGround: '#3d1d20',
  good: '#5fce7c',
  goodGround: '#172a1e',
  link: '#75b6ff',
  lines: ['#58a6e8', '#f59e52', '#5fc46f', '#b48ae8', '#c49a8d', '#ec8ccb'],
}

function rules({ lines, ...colors }: typeof LIGHT): string {
  return [
    `.page{fill:${colors.page}}.card{fill:${colors.card};stroke:${colors.edge}}`,
    `text{fill:${colors.ink}}.muted{fill:${colors.muted}}.link{fill:${colors.link}}`,
    `.alert{fill:${colors.alert}}.halo{paint-order:stroke;stroke:${colors.card};stroke-width:3px}.good{fill:${colors.good}}`,
    `.grid{stroke:${colors.grid}}.threshold{stroke:${colors.alert}}.breach{fill:${colors.alert}}`,
    `.state.ALARM{fill:${colors.alertGround};stroke:${colors.alert}}.state.OK{fill:${colors.goodGround}}`,
    ...lines.map((color, index) => `.c${index}{fill:${color};stroke:${color}}`),
  ].join('')
}

export const STYLE = [
  'text{font-family:"Helvetica Neue",Arial,"Liberation Sans","DejaVu Sans",sans-serif}',
  '.strong{font-weight:600}.threshold{stroke-width:1.2;stroke-dasharray:5 3}.breach{opacity:.08}.grid{stroke-width:1}',
  rules(LIGHT),
  `@media (prefers-color-scheme:dark){${rules(DARK)}}`,
  '.line{fill:none;stroke-width:1.8}.bar{stroke:none}',
].join('')
