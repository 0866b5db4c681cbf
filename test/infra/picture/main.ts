/**
 * Draws docs/dashboard.svg anew: `node --conditions=@pinned-fetch/source test/infra/picture/main.ts`. The same input gives
 * the same bytes; test/infra/picture.test.ts fails while the file is not the picture of the dashboard as it is.
 */

import { writeFileSync } from 'node:fs'
import { ringing } from '../alarm-state.ts'
import { alarmsIn, dashboardIn, watchedStack } from '../watched-stack.ts'
import { drawDashboard } from './draw.ts'
import { exampleWeek, NOW } from './example-week.ts'

export const PICTURE = new URL('../../../docs/dashboard.svg', import.meta.url)

/** What an alarm of a day looks back on. */
const DAY_MS = 86_400_000

export function picture(): string {
  const template = watchedStack({ service: 'quotes' })
  const moments = exampleWeek()
  const lately = moments.filter(({ at }) => at > NOW - DAY_MS).map(({ event }) => event)
  return drawDashboard(dashboardIn(template).body, {
    moments,
    now: NOW,
    service: 'quotes',
    ringing: ringing(alarmsIn(template), lately, 'quotes'),
  })
}

if (import.meta.main) writeFileSync(PICTURE, picture())
