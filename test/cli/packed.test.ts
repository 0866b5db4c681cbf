/**
 * The command line tool as it is installed: built, its bin declared, its help light.
 *
 * How fast `--help` answers is measured by hand (no timed assertions); what it would cost is loaded modules, and those
 * are counted.
 */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Packed } from '../repo/packed.ts'

/** Runs every help there is in one process, and prints the packages that were loaded for it. */
const HELP_OF_EVERYTHING = `
import { registerHooks } from 'node:module'
const loaded = new Set()
registerHooks({ load: (url, context, next) => (loaded.add(url), next(url, context)) })
const { run } = await import('./dist/lib/cli/program.js')
let text = ''
const world = { stdout: { write: (part) => (text += part) }, stderr: { write() {} }, env: {}, cwd: '.', now: Date.now }
const codes = [await run(['--help'], world)]
const verbs = [...text.matchAll(/^ {2}([a-z-]+) .*/gm)].map(([, verb]) => verb).filter((verb) => !verb.startsWith('-'))
for (const verb of verbs) codes.push(await run([verb, '--help'], world))
const packages = [...loaded].flatMap((url) => /node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url)?.[1] ?? [])
const work = [...loaded].filter((url) => /dist\\/(infra|lib\\/(policy|x509|net|source|guard|judge))/.test(url))
process.stdout.write(JSON.stringify({ verbs, codes: [...new Set(codes)], packages: [...new Set(packages)], work }))
`

describe('the packed command line tool', () => {
  let packed: Packed
  before(() => {
    packed = new Packed()
  })
  after(() => packed[Symbol.dispose]())

  it('is the bin that the package declares, and runs', () => {
    const { bin } = JSON.parse(readFileSync(join(packed.folder, 'package.json'), 'utf8'))
    const file = join(packed.folder, bin['pinned-fetch'])
    assert.match(readFileSync(file, 'utf8'), /^#!\/usr\/bin\/env node\n/)
    assert.match(execFileSync(process.execPath, [file, '--help']).toString(), /^Usage: pinned-fetch /)
  })

  it('answers every --help without the SDK, the policy reader or anything else that is heavy', () => {
    const output = execFileSync(process.execPath, ['--input-type=module', '--eval', HELP_OF_EVERYTHING], {
      cwd: packed.folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const { verbs, codes, packages, work } = JSON.parse(output.toString())
    assert.ok(verbs.length >= 10, `verbs: ${verbs}`)
    assert.deepEqual(codes, [0])
    assert.deepEqual(packages, ['commander'])
    assert.deepEqual(work, [])
  })
})
