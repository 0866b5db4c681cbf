/**
 * docs/cli.md says what the verbs take, and nobody has changed it by hand; every exit code that a transcript shows has a
 * meaning there.
 */

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { brokenLinksOf } from '../links.ts'
import { definitions, formsOf } from './definitions.ts'
import { exitsShown } from './example.ts'
import { NOTES } from './notes.ts'
import { PAGE, render } from './render.ts'

const verbs = await definitions()

describe('docs/cli.md', () => {
  it('is what renders from the definitions of the verbs', async () => {
    const made = await render()
    assert.equal(
      readFileSync(PAGE, 'utf8'),
      made,
      'node --conditions=@pinned-fetch/source test/docs/cli/main.ts makes it anew',
    )
  })

  it('has every verb, every step, every argument and every option', () => {
    const page = readFileSync(PAGE, 'utf8')
    assert.ok(verbs.length >= 20, `${verbs.length} verbs`)
    for (const verb of verbs) {
      assert.ok(page.includes(`\n## ${verb.name()}\n`), verb.name())
      for (const form of formsOf(verb)) {
        for (const { flags } of form.options) assert.ok(page.includes(`| \`${flags}\` |`), `${form.name()} ${flags}`)
      }
    }
  })

  it('gives a meaning to every exit code that a transcript shows', () => {
    const transcripts = readdirSync(new URL('../../cli/', import.meta.url)).filter((name) => name.endsWith('.txt'))
    const shown = exitsShown(transcripts)
    for (const verb of verbs) {
      const meanings = [2, ...Object.keys(NOTES[verb.name()]?.exits ?? {}).map(Number)]
      const without = [...(shown.get(verb.name()) ?? [])].filter((code) => !meanings.includes(code))
      assert.deepEqual(without, [], verb.name())
    }
  })

  it('has notes on no other verb', () => {
    assert.deepEqual(
      Object.keys(NOTES),
      verbs.map((verb) => verb.name()),
    )
  })

  it('links to files and headings that are there', () => {
    assert.deepEqual(brokenLinksOf(PAGE), [])
  })
})
