/**
 * What importing the package loads, and what the use of each part adds: by a process of its own that lists its modules.
 *
 * A Lambda function pays for every module in INIT. undici and the SDK cost more than everything else together, so each
 * is loaded by the first who needs it; and the process's own `fetch` stays what it was.
 */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { describe, it, type TestContext } from 'node:test'
import { leafOf, presented, rootAuthority } from './support/authority.ts'
import { startTlsServer } from './support/tls-server.ts'

const root = await rootAuthority('Index Root')
const leaf = await leafOf(root, ['api.partner.test'])

/**
 * Runs `ACTION` with the package imported and a guard's options at hand, then prints what has been loaded. Only on
 * demand it lists the modules: on Node 22 the hook itself makes `require('node:http')` load Node's own undici.
 */
const WORKER = `
import { registerHooks } from 'node:module'
const loaded = []
const load = (url, context, next) => {
  loaded.push(url)
  return next(url, context)
}
if (process.env.LIST) registerHooks({ load })
const before = Object.getOwnPropertyDescriptor(globalThis, 'fetch')
const lib = await import('./lib/index.ts')
const { policy, ca, port } = JSON.parse(process.env.CASE)
const lookup = (_host, options, callback) =>
  options.all ? callback(null, [{ address: '127.0.0.1', family: 4 }]) : callback(null, '127.0.0.1', 4)
const options = { policy, ca, lookup, metrics: false }
const url = 'https://api.partner.test:' + port + '/'
const result = await (ACTION)()
const after = Object.getOwnPropertyDescriptor(globalThis, 'fetch')
const untouched = before.get === after.get && before.value === after.value
const dispatcher = globalThis[Symbol.for('undici.globalDispatcher.1')] !== undefined
const builtIn = process.moduleLoadList.some((name) => name.includes('internal/deps/undici/undici'))
process.stdout.write(JSON.stringify({ result, loaded, untouched, dispatcher, builtIn }))
`

interface Loaded {
  readonly result: unknown
  readonly loaded: readonly string[]
  /** The process's own \`fetch\` is the same as before. */
  readonly untouched: boolean
  /** Somebody has set a global dispatcher. */
  readonly dispatcher: boolean
  /** Node's own undici has been loaded. */
  readonly builtIn: boolean
}

async function loadedBy(t: TestContext, action: string): Promise<Loaded> {
  const server = await startTlsServer(presented(leaf))
  t.after(() => server.close())
  const CASE = JSON.stringify({
    policy: { 'api.partner.test': [leaf.pin, root.pin] },
    ca: root.certificate,
    port: server.port,
  })
  // Under hooks Node 22 reads its own undici for whoever requires node:http.
  const [listed, { builtIn, dispatcher }] = await Promise.all([
    run(action, { CASE, LIST: 'yes' }),
    run(action, { CASE }),
  ])
  return { ...listed, builtIn, dispatcher }
}

async function run(action: string, environment: Readonly<Record<string, string>>): Promise<Loaded> {
  const worker = WORKER.replace('ACTION', () => action)
  const child = spawn(process.execPath, ['--input-type=module', '--eval', worker], {
    cwd: new URL('..', import.meta.url),
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [printed, complaints] = await Promise.all([text(child.stdout), text(child.stderr)])
  assert.equal(complaints, '')
  return JSON.parse(printed) as Loaded
}

/** Packages of node_modules among the modules, each once. */
function packagesOf({ loaded }: Loaded): string[] {
  const names = loaded.map((url) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1])
  return [...new Set(names.filter((name) => name !== undefined))].sort()
}

const heavy = (modules: Loaded) =>
  packagesOf(modules).filter((name) =>
    /^(?:undici|@aws-sdk|@smithy|@peculiar|aws-cdk-lib|constructs|@middy)/.test(name),
  )

describe('importing the package', () => {
  it('loads neither undici, nor the SDK, nor Middy, nor the CDK, nor a certificate library', async (t) => {
    const modules = await loadedBy(t, '() => Object.keys(lib).length')
    assert.ok(Number(modules.result) > 5)
    assert.deepEqual(heavy(modules), [])
    assert.ok(modules.loaded.some((url) => url.endsWith('/lib/index.ts')))
  })

  it('changes nothing of the process’s own fetch, and does not even load it', async (t) => {
    const { untouched, dispatcher, builtIn } = await loadedBy(t, '() => undefined')
    assert.deepEqual({ untouched, dispatcher, builtIn }, { untouched: true, dispatcher: false, builtIn: false })
  })
})

describe('a guard', () => {
  it('loads nothing of that when it is made, nor when its policy is', async (t) => {
    const modules = await loadedBy(
      t,
      `async () => {
        const guard = lib.createGuard(options)
        await guard.ready()
        void guard.dispatcher
        void guard.agent
        return (await guard.explain('api.partner.test')).rule
      }`,
    )
    assert.equal(modules.result, 'enforce')
    assert.deepEqual(heavy(modules), [])
  })

  it('with a secret loads the SDK when it asks, and not before', async (t) => {
    const make = "lib.createGuard({ secretId: 'x', disablePrefetch: true, metrics: false, awsClientOptions: CLIENT })"
    const client =
      "{ region: 'us-east-1', endpoint: 'http://127.0.0.1:9', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } }"
    const guard = make.replace('CLIENT', client)
    assert.deepEqual(heavy(await loadedBy(t, `() => void ${guard}`)), [])
    const asked = await loadedBy(t, `() => ${guard}.ready().catch((error) => error.code)`)
    assert.equal(asked.result, 'ERR_POLICY_UNAVAILABLE')
    assert.ok(heavy(asked).includes('@aws-sdk/client-secrets-manager'))
    assert.ok(!heavy(asked).includes('undici'))
  })

  it('that is used by its agent alone never loads undici, neither npm’s nor Node’s', async (t) => {
    const modules = await loadedBy(
      t,
      `async () => {
        const { get } = await import('node:https')
        const guard = lib.createGuard(options)
        const status = await new Promise((resolve, reject) =>
          get(url, { agent: guard.agent }, (response) => {
            response.resume().on('end', () => resolve(response.statusCode))
          }).on('error', reject))
        await guard.close()
        return status
      }`,
    )
    assert.deepEqual([modules.result, heavy(modules), modules.builtIn], [200, [], false])
  })

  for (const [what, call] of [
    ['fetch', 'guard.fetch(url)'],
    ['dispatcher', "guard.dispatcher.request({ origin: new URL(url).origin, path: '/', method: 'GET' })"],
  ] as const) {
    it(`that is used by its ${what} loads undici, and leaves the process’s own fetch as it was`, async (t) => {
      const modules = await loadedBy(
        t,
        `async () => {
          const guard = lib.createGuard(options)
          const response = await ${call}
          await (response.body?.text?.() ?? response.text())
          await guard.close()
          return response.status ?? response.statusCode
        }`,
      )
      assert.equal(modules.result, 200)
      assert.deepEqual(heavy(modules), ['undici'])
      // Where Node's own fetch is undici 8, it is loaded first, so that it sets its own dispatcher.
      const isOwnFirst = Number.parseInt(process.versions['undici'] ?? '', 10) >= 8
      assert.deepEqual([modules.untouched, modules.dispatcher, modules.builtIn], [true, isOwnFirst, isOwnFirst])
    })
  }
})
