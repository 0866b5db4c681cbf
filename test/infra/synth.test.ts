import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { type Assembly, assemblyOf, EXAMPLE, synthesize } from '../../infra/assembly.ts'

const ROOT = new URL('../..', import.meta.url)
/** Those of the guard that the example has, by their paths in the stack. */
const OWN_FUNCTIONS = ['Guard/InitialValue/Writer/Function', 'Guard/Probe/Prober/Function']

const TEMPLATE = 'PinnedFetchExample.template.json'

/** Lambda takes 250 MB; a handler of the size below starts fast. The SDK and undici are 1 MB of it. */
const BUNDLE_MAX_BYTES = 2_000_000

/** Nothing of the machine: no credentials, no region, and no way out if something tried. */
const OFFLINE = {
  PATH: process.env['PATH'],
  HOME: tmpdir(),
  HTTPS_PROXY: 'http://127.0.0.1:9',
  CDK_DISABLE_CLI_TELEMETRY: 'true',
}

describe('the stack as the cdk command builds it', () => {
  const outdir = mkdtempSync(join(tmpdir(), 'pinned-fetch-synth-'))
  after(() => rmSync(outdir, { recursive: true, force: true }))

  test('npx cdk synth --quiet ends well, offline and without an account', () => {
    const child = spawnSync('npx', ['cdk', 'synth', '--quiet', '--output', outdir], {
      cwd: ROOT,
      env: OFFLINE,
      encoding: 'utf8',
    })
    assert.equal(child.status, 0, child.stdout + child.stderr)
    assert.ok(existsSync(join(outdir, TEMPLATE)))
  })

  test('cfn-lint finds nothing in the template', (context) => {
    // W3005: the CDK itself adds a DependsOn on the role that its Ref implies already.
    const child = spawnSync('cfn-lint', ['--ignore-checks', 'W3005', '--', join(outdir, TEMPLATE)], {
      encoding: 'utf8',
    })
    if (child.error) {
      context.diagnostic('cfn-lint is NOT INSTALLED: the template was not linted (pip install cfn-lint)')
      context.skip('cfn-lint is not installed')
      return
    }
    assert.equal(child.status, 0, child.stdout + child.stderr)
  })
})

describe('the assembly that the local demo runs', () => {
  const outdir = mkdtempSync(join(tmpdir(), 'pinned-fetch-assembly-'))
  after(() => rmSync(outdir, { recursive: true, force: true }))
  let assembly: Assembly
  before(() => {
    assembly = synthesize(outdir)
  })

  test('names the bundle, the handler and the settings known before a deployment', () => {
    assert.equal(assembly.handler, 'index.handler')
    assert.deepEqual(assembly.environment, {
      PARTNER_URL: 'https://api.partner.example/v1/quotes',
      POWERTOOLS_SERVICE_NAME: 'PinnedFetchExample',
    })
    const { size } = statSync(join(assembly.functionAsset, 'index.mjs'))
    assert.ok(size < BUNDLE_MAX_BYTES, `${size} bytes`)
  })

  for (const path of [EXAMPLE, ...OWN_FUNCTIONS]) {
    test(`holds a bundle that loads by itself and exports the handler: ${path}`, () => {
      const { functionAsset, environment } = assemblyOf(outdir, path)
      const bundle = pathToFileURL(join(functionAsset, 'index.mjs')).href
      const script = `const { handler } = await import(${JSON.stringify(bundle)}); console.error(typeof handler); process.exit()`
      const secret = { PINNED_FETCH_SECRET_ID: 'pins' }
      const child = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
        env: { ...OFFLINE, ...environment, ...secret, AWS_REGION: 'eu-central-1' },
        cwd: tmpdir(),
        encoding: 'utf8',
      })
      assert.equal(child.status, 0, child.stderr)
      assert.match(child.stderr, /^function$/m)
    })
  }
})
