import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, posix } from 'node:path'
import { after, describe, it } from 'node:test'
import { compilerSays, manifest, Packed, ROOT } from './packed.ts'

/** The condition under which this repository finds its own sources; nobody else names it. */
const OWN_CONDITION = '@pinned-fetch/source'

const packed = new Packed()
after(() => packed[Symbol.dispose]())

const { exports, files, sideEffects, dependencies, devDependencies, peerDependencies, peerDependenciesMeta } =
  manifest()

/** Every file that the exports map names, with the condition that leads there. */
const targets = Object.values(exports).flatMap((target): (readonly [condition: string, file: string])[] =>
  typeof target === 'string' ? [['default', target]] : Object.entries(target),
)

describe('the package as it is published', () => {
  it('holds every file that its exports map promises', () => {
    const promised = targets.filter(([condition]) => condition !== OWN_CONDITION)
    assert.ok(promised.length > 0)
    assert.deepEqual(
      promised.filter(([, target]) => !packed.files.includes(posix.normalize(target))),
      [],
    )
    for (const [condition, target] of targets) {
      if (condition === OWN_CONDITION) assert.ok(existsSync(join(ROOT, target)), target)
    }
  })

  it('holds what is built of the library, its pages, and nothing else: no test, no source, no data', () => {
    const allowed = [...files.filter((name) => name !== 'dist'), 'package.json']
    const others = packed.files.filter((file) => !file.startsWith('dist/'))
    assert.deepEqual(
      others.filter((file) => !allowed.includes(file)),
      [],
    )
    const own = /^dist\/(lib|infra)\/.*\.(js|d\.ts|js\.map)$|^dist\/functions\/[a-z-]+\/[a-z-/]+\.mjs$/
    assert.deepEqual(
      packed.files.filter((file) => file.startsWith('dist/') && !own.test(file)),
      [],
    )
    assert.deepEqual(
      packed.files.filter((file) => /test|fixture|\.pem|\.env/.test(file)),
      [],
    )
  })

  it('holds every page that it declares, and none that is empty', () => {
    const pages = files.filter((name) => name !== 'dist')
    assert.deepEqual(
      pages.filter((name) => !packed.files.includes(name)),
      [],
    )
    assert.deepEqual(
      pages.filter((name) => packed.read(name).trim() === ''),
      [],
    )
  })

  it('keeps undici’s capture and restore, which bundlers would drop as unused', () => {
    const kept = sideEffects
      .filter((pattern) => pattern.startsWith('./dist/'))
      .map((pattern) => posix.normalize(pattern))
    assert.deepEqual(kept, [
      'dist/lib/net/undici/capture.js',
      'dist/lib/net/undici/restore.js',
      'dist/lib/lambda/register.js',
    ])
    assert.deepEqual(
      kept.filter((file) => !packed.files.includes(file)),
      [],
    )
  })

  it('has source maps that lead to a source', () => {
    const dead = packed.files.filter((file) => {
      if (!file.endsWith('.map')) return false
      const map = JSON.parse(packed.read(file)) as { sources: string[]; sourcesContent?: string[] }
      const found = map.sources.every((source) => packed.files.includes(posix.join(posix.dirname(file), source)))
      return map.sourcesContent === undefined && !found
    })
    assert.deepEqual(dead.slice(0, 3), [], `${dead.length} source maps lead nowhere`)
  })
})

describe('whoever installs it', () => {
  const project = mkdtempSync(join(tmpdir(), 'pinned-fetch-customer-'))
  packed.installInto(project)
  after(() => rmSync(project, { recursive: true }))

  const run = (code: string) => {
    writeFileSync(join(project, 'run.mjs'), code)
    return execFileSync(process.execPath, ['run.mjs'], { cwd: project, encoding: 'utf8' })
  }

  it('imports what the sources export, and can use it', async () => {
    const source = Object.keys(await import('../../lib/index.ts')).sort()
    const built = run("console.log(JSON.stringify(Object.keys(await import('pinned-fetch')).sort()))")
    assert.deepEqual(JSON.parse(built), source)
    const refusal = run(`
      import { createGuard, findPinnedFetchError } from 'pinned-fetch'
      const guard = createGuard({ policy: { 'a.test': ['sha256/grX4Ta9HpZx6tSHkmCrvpApTQGo67CYDnvprLg5yRME='] }, metrics: false })
      const error = await guard.fetch('http://a.test/').catch((error) => error)
      console.log(findPinnedFetchError(error)?.code)
      await guard.close()`)
    assert.equal(refusal.trim(), 'ERR_PLAINTEXT_REFUSED')
  })

  it('can’t reach into it', () => {
    const code = run("console.log(await import('pinned-fetch/dist/judge.js').catch(({ code }) => code))")
    assert.equal(code.trim(), 'ERR_PACKAGE_PATH_NOT_EXPORTED')
  })

  it('satisfies a strict compiler, types of the context included', () => {
    writeFileSync(
      join(project, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          strict: true,
          noEmit: true,
          module: 'nodenext',
          target: 'es2024',
          types: ['node'],
          skipLibCheck: true,
        },
        files: ['handler.ts'],
      }),
    )
    writeFileSync(join(project, 'package.json'), '{ "type": "module" }')
    writeFileSync(
      join(project, 'handler.ts'),
      `
      import middy from '@middy/core'
      import { createGuard, findPinnedFetchError, type GuardEvent, type Guard, pinnedFetch } from 'pinned-fetch'
      export const handler = middy<{ id: string }, number>()
        .use(pinnedFetch({ secretId: 'prod/partner-pins', observer: (event: GuardEvent) => console.log(event.type) }))
        .handler(async ({ id }, context) => {
          const response = await context.pinnedFetch('https://api.partner.example/' + id)
          return response.status
        })
      const guard: Guard = createGuard({ policy: {} })
      const code: string | undefined = findPinnedFetchError(new Error())?.code
      export const agent = guard.agent
      // @ts-expect-error: an option with a typing error
      createGuard({ policyy: {} })
      export { code }`,
    )
    assert.equal(compilerSays(project), '')
  })
})

describe('what the package is made of', () => {
  it('is pinned to the version that was tested, in production and here', () => {
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
      assert.match(version, /^\d+\.\d+\.\d+$/, name)
    }
  })

  it('is optional where the customer brings it', () => {
    for (const name of Object.keys(peerDependencies)) assert.equal(peerDependenciesMeta[name]?.optional, true, name)
  })

  const page = join(ROOT, 'README.md')
  const noPage = existsSync(page) ? false : 'SKIPPED: there is no README.md yet'
  if (noPage) console.error(noPage)
  it('is named in the README’s table of dependencies, each with its reason', { skip: noPage }, () => {
    const rows = readFileSync(page, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('| `'))
    for (const name of [...Object.keys(dependencies), ...Object.keys(peerDependencies)]) {
      const row = rows.find((line) => line.startsWith(`| \`${name}\` |`))
      assert.ok(row, `${name} has no row`)
      assert.ok((row.split('|').at(-2) ?? '').trim().length > 20, `${name} has no reason`)
    }
  })
})
