/**
 * Holds the reference tables of README.md against what the code knows by itself: nothing that a user may write or meet
 * is left out, and nothing is there that isn't.
 */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { callersFor } from '../../infra/alarm-table.ts'
import type { MetricName } from '../../lib/events.ts'
import { createGuard, findPinnedFetchError, METRICS, parsePolicy } from '../../lib/index.ts'
import { tableUnder } from './markdown.ts'

const ROOT = new URL('../../', import.meta.url)
const README = read('README.md')
const PACKAGE = JSON.parse(read('package.json'))

const PIN = { sha256: 'grX4Ta9HpZx6tSHkmCrvpApTQGo67CYDnvprLg5yRME=' }

test('the README lists every option, and no other', () => {
  assert.deepEqual(
    namesUnder('## Options'),
    known(() => createGuard({ nothingLikeIt: 1 } as object)),
  )
})

test('the README lists every field of the policy document, and no other', () => {
  const entry = { pins: [PIN] }
  const mistake = { nothingLikeIt: 1 }
  const parse = (document: object) => known(() => parsePolicy(document))
  assert.deepEqual(namesUnder('### Fields of the document'), parse({ version: 1, ...mistake }))
  assert.deepEqual(namesUnder('### Fields of an entry'), parse({ version: 1, hosts: { x: { ...entry, ...mistake } } }))
  assert.deepEqual(
    namesUnder('### Fields of a pin'),
    parse({ version: 1, hosts: { x: { pins: [{ ...PIN, ...mistake }] } } }),
  )
})

test('the README lists every error code, and no other', () => {
  const table = /export interface FailureEvidence \{(.*?)\n\}/s.exec(read('lib/errors.ts'))?.[1] ?? ''
  assert.deepEqual(
    namesUnder('## Errors'),
    sorted([...table.matchAll(/^ {2}(ERR_\w+):/gm)].map(([, code = '']) => code)),
  )
})

test('the README lists every metric with its unit and its occasion, and the alarms that call for it', () => {
  const expected = Object.entries(METRICS).map(([name, { unit, when }]) => {
    const alarms = callersFor(name as MetricName).map((alarm) => `\`${alarm.name}\` (${alarm.severity})`)
    return [`\`${name}\``, unit, when, alarms.join(', ')]
  })
  assert.deepEqual(tableUnder(README, '## Metrics and alarms'), expected)
})

test('the README names every dependency and every peer with its reason, and no other', () => {
  const { dependencies, peerDependencies } = PACKAGE
  const rows = tableUnder(README, '## Dependencies')
  const listed = rows.map(([name, kind, reason]) => [name, kind, reason !== ''])
  const expected = [
    ...Object.keys(dependencies).map((name) => [`\`${name}\``, 'dependency', true]),
    ...Object.keys(peerDependencies).map((name) => [`\`${name}\``, 'optional peer', true]),
  ]
  assert.deepEqual(listed.sort(), expected.sort())
})

test('the change log begins with the version of the package', () => {
  assert.equal(/^## (\S+)/m.exec(read('CHANGELOG.md'))?.[1], PACKAGE.version)
})

function read(file: string): string {
  return readFileSync(new URL(file, ROOT), 'utf8')
}

function namesUnder(heading: string): string[] {
  return sorted(tableUnder(README, heading).map(([name = '']) => name.replaceAll('`', '')))
}

/** What the refusal of an unknown word lists as known. */
function known(refused: () => unknown): string[] {
  try {
    refused()
  } catch (error) {
    const failure = findPinnedFetchError(error)
    const repair = failure !== undefined && 'repair' in failure.evidence ? failure.evidence.repair : ''
    const words = repair.replace(/^(?:use one of|known here): /, '').split(', ')
    return sorted(words.map((word) => word.replaceAll('"', '')))
  }
  return assert.fail('an unknown word was accepted')
}

function sorted(words: readonly string[]): string[] {
  return [...words].sort()
}
