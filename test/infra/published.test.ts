/**
 * The construct as a customer has it: the tarball of the package in a project of somebody's, with their aws-cdk-lib and
 * without esbuild, synthesising the stack of the README.
 */

import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { OWN_CODE } from '../../infra/function-code.ts'
import { BUILD_STEPS, compilerSays, manifest, Packed, ROOT } from '../repo/packed.ts'

const README_STACK = readFileSync(new URL('readme-stack.ts', import.meta.url), 'utf8')

const PINS = {
  'api.partner.example': [
    'sha256/grX4Ta9HpZx6tSHkmCrvpApTQGo67CYDnvprLg5yRME=',
    'sha256/klO23nT2ehFDXCfx3eHTDRESMz3asj1muO+4aIdjiuY=',
  ],
}

const project = mkdtempSync(join(tmpdir(), 'pinned-fetch-cdk-customer-'))
after(() => rmSync(project, { recursive: true }))

before(() => {
  const packed = new Packed()
  try {
    const options = ['--json', '--ignore-scripts', '--offline', '--pack-destination', project]
    const output = execFileSync('npm', ['pack', ...options], {
      cwd: packed.folder,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const [{ filename }] = JSON.parse(output.toString()) as [{ filename: string }]
    const home = join(project, 'node_modules/pinned-fetch')
    mkdirSync(home, { recursive: true })
    execFileSync('tar', ['-xzf', join(project, filename), '--strip-components=1', '-C', home])
  } finally {
    packed[Symbol.dispose]()
  }
  const { dependencies } = manifest()
  for (const name of [...Object.keys(dependencies), 'aws-cdk-lib', 'constructs', '@types/node', 'undici-types']) {
    const link = join(project, 'node_modules', name)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules', name), link)
  }
  mkdirSync(join(project, 'build'))
  writeFileSync(join(project, 'build/index.mjs'), 'export const handler = async () => 1')
  writeFileSync(join(project, 'pins.json'), JSON.stringify(PINS))
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }')
})

/** Runs a program of the customer's as the `cdk` command does, and reads what it made. */
function synthesised(program: string): { readonly resources: Record<string, Resource>; readonly outdir: string } {
  const outdir = mkdtempSync(join(project, 'out-'))
  writeFileSync(join(project, 'stack.ts'), program)
  const child = spawnSync(process.execPath, ['stack.ts'], {
    cwd: project,
    env: { PATH: process.env['PATH'], CDK_OUTDIR: outdir, CDK_CONTEXT_JSON: '{"aws:cdk:enable-asset-metadata":true}' },
    encoding: 'utf8',
  })
  assert.equal(child.status, 0, child.stderr)
  const { Resources } = JSON.parse(readFileSync(join(outdir, 'Quotes.template.json'), 'utf8'))
  return { resources: Resources, outdir }
}

interface Resource {
  readonly Type: string
  readonly Metadata?: Readonly<Record<string, string>>
  readonly Properties: Readonly<Record<string, unknown>>
}

describe('the published construct', () => {
  it('synthesises the stack of the README, with the functions that the package holds', () => {
    const { resources, outdir } = synthesised(README_STACK)
    const types = Object.values(resources).map(({ Type }) => Type)
    assert.equal(types.filter((type) => type === 'AWS::Lambda::Function').length, 3)
    assert.ok(types.includes('AWS::SecretsManager::Secret') && types.includes('AWS::CloudWatch::Dashboard'))
    for (const name of ['initial-policy', 'probe'] as const) {
      const published = join(project, 'node_modules/pinned-fetch/dist/functions', name, OWN_CODE[name].file)
      const text = readFileSync(published, 'utf8')
      const staged = readdirSync(outdir).filter((entry) => entry.startsWith('asset.'))
      assert.ok(
        staged.some((asset) => fileIs(join(outdir, asset, OWN_CODE[name].file), text)),
        name,
      )
    }
  })

  it('has the preload in one file, and it guards', () => {
    const register = join(project, 'node_modules/pinned-fetch/dist/functions/preload', OWN_CODE.preload.file)
    // As Lambda unpacks it: without a node_modules near it.
    const unpacked = join(mkdtempSync(join(project, 'opt-')), 'register.mjs')
    copyFileSync(register, unpacked)
    const run = (environment: Record<string, string>) =>
      spawnSync(process.execPath, ['--eval', 'console.log("ran")'], {
        cwd: tmpdir(),
        env: { PATH: process.env['PATH'], NODE_OPTIONS: `--import ${unpacked}`, ...environment },
        encoding: 'utf8',
      })
    const without = run({})
    assert.notEqual(without.status, 0)
    assert.match(without.stderr, /PINNED_FETCH_SECRET_ID/)
    // Nothing answers there: the program runs, and its calls would be refused.
    const settings = {
      PINNED_FETCH_SECRET_ID: 'pins',
      AWS_REGION: 'eu-central-1',
      AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
    }
    const given = run({ ...settings, AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'none' })
    assert.match(given.stdout, /^ran$/m)
    assert.equal(given.status, 0, given.stderr)
  })

  it('satisfies a strict compiler', () => {
    writeFileSync(join(project, 'stack.ts'), README_STACK)
    const compilerOptions = {
      strict: true,
      noEmit: true,
      module: 'nodenext',
      target: 'es2024',
      types: ['node'],
      skipLibCheck: true,
    }
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['stack.ts'] }))
    assert.equal(compilerSays(project), '')
  })

  it('is all that loads the CDK: whoever imports the library does not', () => {
    const program = `
      import { registerHooks } from 'node:module'
      const loaded = new Set()
      registerHooks({ load: (url, context, next) => (loaded.add(url), next(url, context)) })
      await import('pinned-fetch')
      const count = () => [...loaded].filter((url) => /aws-cdk-lib|constructs|dist\\/infra/.test(url)).length
      const before = count()
      await import('pinned-fetch/cdk')
      process.stdout.write(JSON.stringify([before, count() > 0]))`
    writeFileSync(join(project, 'loads.mjs'), program)
    const output = execFileSync(process.execPath, ['loads.mjs'], { cwd: project, encoding: 'utf8' })
    assert.deepEqual(JSON.parse(output), [0, true])
  })

  it('is built by the steps that the tests build it by', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
    const steps = BUILD_STEPS.map(([program, ...rest]) => [program.replace(/.*\//, ''), ...rest].join(' '))
    // The tests build into a folder that is new.
    assert.equal(scripts.build, ['rm -rf dist', ...steps].join(' && '))
    assert.ok(fileURLToPath(new URL('../../infra/prebundle.ts', import.meta.url)).endsWith(BUILD_STEPS[1][1]))
  })
})

function fileIs(path: string, text: string): boolean {
  try {
    return readFileSync(path, 'utf8') === text
  } catch {
    return false
  }
}
