import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { exampleWeek } from './picture/example-week.ts'
import { answerTo, linesOf } from './picture/insights.ts'
import { PICTURE, picture } from './picture/main.ts'
import { dashboardIn, watchedStack } from './watched-stack.ts'

const drawn = picture()

describe('docs/dashboard.svg', () => {
  test('is the picture of the dashboard as it is now (else: node --conditions=@pinned-fetch/source test/infra/picture/main.ts)', () => {
    assert.equal(readFileSync(PICTURE, 'utf8'), drawn)
  })

  test('is the same at every drawing', () => {
    assert.equal(picture(), drawn)
  })

  test('shows every widget', () => {
    const { widgets } = JSON.parse(dashboardIn(watchedStack()).body) as {
      widgets: { properties: { title?: string } }[]
    }
    const shown = drawn.replaceAll('&quot;', '"')
    for (const { properties } of widgets) assert.ok(shown.includes(`>${properties.title ?? 'Outbound guard: quotes'}<`))
    assert.equal(drawn.match(/class="card"/g)?.length, widgets.length)
    assert.doesNotMatch(drawn, /NaN|undefined|Infinity|>no data</)
  })

  test('asks nobody for anything, and suits a light page and a dark one', () => {
    assert.doesNotMatch(
      drawn.replace('xmlns="http://www.w3.org/2000/svg"', ''),
      /https?:|href|url\(|@import|<script|foreignObject/,
    )
    assert.match(drawn, /@media \(prefers-color-scheme:dark\)/)
  })

  test('tells the story of its example: the interception pages, and what will break opens a ticket', () => {
    const ringing = [...drawn.matchAll(/class="state ALARM"[^>]*\/><text[^>]*>([^<]+)</g)].map(([, name]) => name)
    assert.deepEqual(ringing.slice(0, 3), ['SomebodyInTheMiddle', 'CallsRefused', 'PinsWillBreak'])
  })
})

describe('the queries of its tables', () => {
  const lines = linesOf(exampleWeek(), 'quotes')

  test('are answered as Logs Insights would: filtered, grouped, sorted, cut', () => {
    const query =
      'SOURCE \'/a\' | filter event in ["host-probed"]\n| stats count(*) as runs, latest(state) as answer by host\n| sort host asc\n| limit 2'
    assert.deepEqual(answerTo(query, lines), {
      columns: ['host', 'runs', 'answer'],
      rows: [
        ['*.bank.example', '8', 'accepted'],
        ['api.partner.example', '8', 'accepted'],
      ],
    })
  })

  test('and are not guessed at: an unknown command or function is an error', () => {
    assert.throws(() => answerTo("SOURCE '/a' | parse x", lines), /What is "parse x"\?/)
    assert.throws(() => answerTo("SOURCE '/a' | stats avg(x) as y by host", lines), /What is avg\(\)\?/)
  })
})
