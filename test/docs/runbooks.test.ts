/**
 * Every command of every runbook is run, in the order of the page, by a real shell, against real TLS servers and the
 * real protocol of Secrets Manager, in the story that the page is for; and it prints what the page says.
 *
 * Besides: every page has the parts that somebody looks for at night, and the index leads to the right one from every
 * alarm and from every error.
 */

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, it, type TestContext } from 'node:test'
import { ALARMS, RUNBOOKS } from '../../infra/alarm-table.ts'
import { brokenLinksOf } from './links.ts'
import { type Night, startNight, withRealPins } from './night.ts'
import { isShownBy, openingOf, SECTIONS, type Step, sectionsOf, stepsOf } from './runbook.ts'
import { STORIES, type Story } from './stories.ts'

const FOLDER = new URL('../../docs/runbooks/', import.meta.url)
const INDEX = readFileSync(new URL('README.md', FOLDER), 'utf8')
const PAGES = new Map(
  readdirSync(FOLDER)
    .filter((name) => name !== 'README.md')
    .map((name) => [name.replace(/\.md$/, ''), readFileSync(new URL(name, FOLDER), 'utf8')]),
)

const MOST_STEPS = 5

/** Errors that no call ends with at night: a wrong line of code, and a proxy. */
const NO_RUNBOOK = ['ERR_CONFIGURATION', 'ERR_PROXY_FAILED']

describe('the runbooks', () => {
  it('are those that alarms link to, each with a story', () => {
    assert.deepEqual([...PAGES.keys()].sort(), [...RUNBOOKS].sort())
    assert.deepEqual(Object.keys(STORIES).sort(), [...RUNBOOKS].sort())
  })

  for (const [name, page] of PAGES) {
    it(`${name}: what it is for and what not, five steps, and the other parts`, () => {
      const opening = openingOf(page)
      assert.match(opening, /^# .+\n\nFor /)
      assert.match(opening, /\bNot\s(for|when)\b/)
      const sections = sectionsOf(page)
      const headings = [...sections.keys()]
      assert.deepEqual(
        SECTIONS.filter((heading) => !sections.has(heading)),
        [],
      )
      assert.deepEqual([headings[0], headings.at(-1)], [SECTIONS[0], SECTIONS.at(-1)])
      const numbers = [...(sections.get('Do this first') ?? '').matchAll(/^(\d)\. /gm)].map(([, digit]) =>
        Number(digit),
      )
      assert.deepEqual(
        numbers,
        numbers.map((_number, index) => index + 1),
      )
      assert.ok(numbers.length > 0 && numbers.length <= MOST_STEPS, `${numbers.length} steps`)
    })

    it(`${name}: says what never to do`, () => {
      const never = sectionsOf(page).get('Never') ?? ''
      for (const word of ['empty the pins', '"default": "allow"', 'NODE_TLS_REJECT_UNAUTHORIZED']) {
        assert.ok(never.includes(word), word)
      }
    })
  }

  for (const name of [...PAGES.keys(), 'README']) {
    it(`${name}: every file and every heading that it links to is there`, () => {
      assert.deepEqual(brokenLinksOf(new URL(`${name}.md`, FOLDER)), [])
    })
  }
})

describe('the index of the runbooks', () => {
  const rows = new Map(
    [...INDEX.matchAll(/^\| `(\w+)` \| \[[\w-]+\]\(([\w-]+)\.md\) \|$/gm)].map(([, sign, to]) => [sign, to]),
  )

  it('leads from every alarm that calls somebody to the page that its description names, which says that it is for it', () => {
    for (const [alarm, { severity, runbook }] of Object.entries(ALARMS)) {
      if (severity === 'sensor') continue
      assert.equal(rows.get(alarm), runbook, alarm)
      assert.ok(
        openingOf(PAGES.get(runbook) ?? '').includes(`\`${alarm}\``),
        `${runbook} does not say that it is for ${alarm}`,
      )
    }
  })

  it('leads from every error that a call can end with to a page', () => {
    const errors = readFileSync(new URL('../../lib/errors.ts', import.meta.url), 'utf8')
    const table = /export interface FailureEvidence \{(.*?)\n\}/s.exec(errors)?.[1] ?? ''
    const codes = [...table.matchAll(/^ {2}(ERR_\w+):/gm)].map(([, code = '']) => code)
    assert.ok(codes.length > 0)
    const unknown = codes.filter((code) => !rows.has(code))
    assert.deepEqual(unknown.sort(), NO_RUNBOOK)
  })

  it('names no other alarm and no other error', () => {
    const strange = [...rows.keys()].filter((sign = '') => !(sign in ALARMS) && !sign.startsWith('ERR_'))
    assert.deepEqual(strange, [])
  })
})

describe('the commands of the runbooks', { concurrency: 2 }, () => {
  for (const [name, page] of PAGES) {
    it(name, async (t) => {
      const night = await startNight()
      t.after(() => night.close())
      const story = STORIES[name]
      assert.ok(story !== undefined)
      await story.begin(night)
      const steps = stepsOf(page)
      for (const step of steps) await follow(step, { night, story, t })
      // What the page is told and never says would be a story that nobody hears.
      const told = new Set(steps.map(({ first }) => first).filter((first) => first !== undefined))
      assert.deepEqual([...told].sort(), Object.keys(story.meanwhile ?? {}).sort())
    })
  }
})

async function follow(
  { code, line, first, exitCode, notRun, expected }: Step,
  { night, story, t }: { readonly night: Night; readonly story: Story; readonly t: TestContext },
): Promise<void> {
  if (notRun !== undefined) {
    t.diagnostic(`line ${line} is only read by the shell: ${notRun}`)
    assert.deepEqual(await night.shell(`set -n\n${code}`), { output: '', exitCode: 0 })
    return
  }
  if (first !== undefined) {
    const happen = story.meanwhile?.[first]
    assert.ok(happen !== undefined, `line ${line}: nothing is known of "${first}"`)
    await happen(night)
  }
  const said = await night.shell(withRealPins(code))
  const where = `line ${line}:\n${code}\nprinted:\n${said.output}[${said.exitCode}]`
  assert.equal(said.exitCode, exitCode, where)
  if (expected === undefined || isShownBy(withRealPins(expected), said.output)) return
  assert.equal(said.output, withRealPins(expected), where)
}
