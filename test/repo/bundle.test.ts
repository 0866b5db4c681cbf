import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { after, describe, it } from 'node:test'
import { Bundle, EVALUATED, packageOf } from './bundle.ts'

/** No call is made, so nothing answers there. */
const NOWHERE = 'http://127.0.0.1:1'

const HANDLER = `
  import middy from '@middy/core'
  import { pinnedFetch } from 'pinned-fetch'
  export const handler = middy(async (event, context) => event.url && await context.pinnedFetch(event.url))
    .use(pinnedFetch({
      secretId: 'prod/partner-pins',
      disablePrefetch: true,
      metrics: false,
      awsClientOptions: {
        region: 'eu-central-1',
        endpoint: '${NOWHERE}',
        maxAttempts: 1,
        credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'none' },
      },
    }))`

const bundle = await Bundle.of(HANDLER)
const telling = await Bundle.of(HANDLER, { saysWhatItEvaluates: true })
after(() => {
  bundle[Symbol.dispose]()
  telling[Symbol.dispose]()
})

describe('an empty handler in one file', () => {
  const files = [...bundle.contributions.keys()]
  const packages = new Set(files.map(packageOf).filter((name) => name !== undefined))

  it('holds what a pinned call needs, so that nothing is missing in Lambda', () => {
    for (const name of ['undici', 'tldts', '@aws-sdk/client-secrets-manager']) assert.ok(packages.has(name), name)
  })

  it('holds nothing of the CDK, of certificate minting, or of a test', () => {
    const strangers = [...packages].filter((name) =>
      /^(aws-cdk|constructs|@peculiar\/|reflect-metadata|tsyringe|esbuild|@aws-lambda-powertools\/)/.test(name),
    )
    assert.deepEqual(strangers, [])
    assert.deepEqual(
      files.filter((file) => /^(test|infra|functions)\//.test(file)),
      [],
    )
  })

  it('keeps both halves of what protects the process’s own fetch, in their order around undici', () => {
    const order = files.filter((file) =>
      /net\/undici\/(capture|restore)\.ts$|node_modules\/undici\/lib\/global\.js$/.test(file),
    )
    const sets = 'node_modules/undici/lib/global.js'
    assert.deepEqual(order, ['lib/net/undici/capture.ts', sets, 'lib/net/undici/restore.ts'])
    for (const file of order) assert.ok((bundle.contributions.get(file) ?? 0) > 0, file)
  })

  it('holds nothing of undici that no surface needs', () => {
    const needless = files.filter((file) =>
      /node_modules\/undici\/(index\.js|lib\/(mock|cache|interceptor)\/)/.test(file),
    )
    assert.deepEqual(needless, [])
  })

  it('is as large as it says here', (test) => {
    const bytesOf = (belongs: (file: string) => boolean) =>
      [...bundle.contributions].reduce((sum, [file, bytes]) => sum + (belongs(file) ? bytes : 0), 0)
    const own = bytesOf((file) => file.startsWith('lib/'))
    test.diagnostic(`our own code: ${own} bytes, minified, of ${bundle.bytes}`)
    for (const name of ['undici', 'tldts']) {
      test.diagnostic(`${name}: ${bytesOf((file) => packageOf(file) === name)} bytes`)
    }
    assert.ok(own > 10_000 && own < bundle.bytes)
  })
})

describe('importing it', () => {
  /** Runs code after the import of the bundle, and gives what it printed. */
  const afterImport = (code: string): unknown =>
    JSON.parse(
      execFileSync(
        process.execPath,
        ['--input-type=module', '--eval', `const { handler } = await import('${telling.file}')\n${code}`],
        {
          encoding: 'utf8',
        },
      ),
    )
  const evaluated = `console.log(JSON.stringify([...new Set(globalThis.${EVALUATED})]))`

  it('evaluates neither undici nor the AWS SDK nor the list of public suffixes: they cost more than all the rest', () => {
    const names = afterImport(evaluated) as string[]
    assert.ok(names.includes('@middy/core'), 'the bundle says what it evaluates')
    assert.deepEqual(
      names.filter((name) => /^(undici|@aws-sdk\/|@smithy\/|tldts)/.test(name)),
      [],
    )
  })

  it('and invoking a handler that makes no call evaluates the SDK at most, for the policy', () => {
    const names = afterImport(`await handler({}, {})\n${evaluated}`) as string[]
    assert.deepEqual(
      names.filter((name) => name === 'undici'),
      [],
    )
  })

  it('while a call evaluates both: the test can tell', () => {
    const names = afterImport(
      `await handler({ url: 'https://a.test/' }, {}).catch(() => undefined)\n${evaluated}`,
    ) as string[]
    assert.deepEqual(
      ['undici', '@aws-sdk/client-secrets-manager'].filter((name) => !names.includes(name)),
      [],
    )
  })

  it('leaves the dispatcher of the process’s own fetch as it was, and a call leaves it too', () => {
    const dispatcher = "globalThis[Symbol.for('undici.globalDispatcher.1')]"
    const code = `await fetch('${NOWHERE}').catch(() => undefined)
      const before = ${dispatcher}
      await handler({ url: 'https://a.test/' }, {}).catch(() => undefined)
      console.log(JSON.stringify([before !== undefined, ${dispatcher} === before]))`
    assert.deepEqual(afterImport(code), [true, true])
  })
})
