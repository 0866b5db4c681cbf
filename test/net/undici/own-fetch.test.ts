/**
 * Importing undici re-routes the process's own `fetch` through it, unless capture.ts and restore.ts stand around it.
 * What they do can be seen only in a process that has done nothing else, so each test runs one.
 */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startPlainServer } from '../../support/plain-server.ts'

const UNDICI = new URL('../../../lib/net/undici/undici.ts', import.meta.url).href
const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

const isUndici8 = Number.parseInt(process.versions['undici'] ?? '', 10) >= 8

const server = await startPlainServer()
after(() => server.close())

const PREAMBLE = `
  const url = '${server.url}/path'
  const dispatcher = () => globalThis[Symbol.for('undici.globalDispatcher.1')]
  const load = () => import('${UNDICI}')
  const post = async () => {
    const headers = { 'content-length': '4', 'content-type': 'text/plain' }
    const response = await fetch(url, { method: 'POST', headers, body: 'body' })
    return response.status + ' ' + (await response.text())
  }
  const get = async () => (await fetch(url)).status`

/** Runs code in a process of its own, and gives what it printed as JSON. */
function inProcess(code: string): Promise<unknown> {
  const program = `${PREAMBLE}\n${code}`
  return new Promise((resolve, reject) => {
    execFile(process.execPath, ['--input-type=module', '--eval', program], { cwd: ROOT }, (error, stdout) =>
      error === null ? resolve(JSON.parse(stdout)) : reject(error),
    )
  })
}

describe('the process’s own fetch', () => {
  it('keeps the dispatcher that it had, when it was used before', async () => {
    const result = await inProcess(`
      await get()
      const before = dispatcher()
      await load()
      console.log(JSON.stringify([before !== undefined, dispatcher() === before, await get(), await post()]))`)
    assert.deepEqual(result, [true, true, 200, '200 ok'])
  })

  it('gets one of its own, when it is used for the first time afterwards', async () => {
    const result = await inProcess(`
      const before = dispatcher()
      await load()
      const { default: Dispatcher } = await import('undici/lib/dispatcher/dispatcher.js')
      const between = dispatcher()
      const statuses = [await get(), await post()]
      const own = dispatcher()
      console.log(JSON.stringify([before === undefined, between === undefined, ...statuses, own instanceof Dispatcher]))`)
    // Where Node's own fetch is undici 8, it is loaded first, and sets its own.
    assert.deepEqual(result, [true, !isUndici8, 200, '200 ok', false])
  })

  it('has none while undici is being read step by step', async () => {
    const result = await inProcess(`
      const { readSteps } = await import('${UNDICI.replace('undici.ts', 'steps.ts')}')
      await readSteps(() => new Promise((turn) => setImmediate(turn)))
      console.log(JSON.stringify([dispatcher() === undefined, await get()]))`)
    assert.deepEqual(result, [true, 200])
  })

  it('works on when something else is loaded meanwhile that loads Node’s own undici', async () => {
    // To an ES module, which it is for a hook of Node 22, node:http shows exports that load it.
    const result = await inProcess(`
      const { registerHooks } = await import('node:module')
      registerHooks({ load: (url, context, next) => next(url, context) })
      const { readSteps } = await import('${UNDICI.replace('undici.ts', 'steps.ts')}')
      await readSteps(() => new Promise((turn) => setImmediate(turn)))
      await load()
      console.log(JSON.stringify([await get(), await post()]))`)
    assert.deepEqual(result, [200, '200 ok'])
  })

  it('keeps the dispatcher that somebody gave it before', async () => {
    const result = await inProcess(`
      const { Agent } = (await import('undici'))
      const theirs = new Agent()
      globalThis[Symbol.for('undici.globalDispatcher.1')] = theirs
      await load()
      console.log(JSON.stringify([dispatcher() === theirs]))`)
    assert.deepEqual(result, [true])
  })

  it('can be given a dispatcher afterwards', async () => {
    const result = await inProcess(`
      await load()
      const { Agent, setGlobalDispatcher, getGlobalDispatcher } = await import('undici')
      const theirs = new Agent()
      setGlobalDispatcher(theirs)
      console.log(JSON.stringify([getGlobalDispatcher() === theirs, await get()]))`)
    assert.deepEqual(result, [true, 200])
  })
})

describe('without what stands around it', () => {
  it('undici takes the process’s own fetch over: the tests above can tell', async () => {
    const result = await inProcess(`
      const before = dispatcher()
      await import('undici')
      console.log(JSON.stringify([before === undefined, dispatcher() === undefined]))`)
    assert.deepEqual(result, [true, false])
  })
})

describe('undici beside it', () => {
  // Its files depend on the order in which they are read.
  for (const [how, reading] of [
    ['at once', ''],
    [
      'in steps',
      `await (await import('${UNDICI.replace('undici.ts', 'steps.ts')}')).readSteps(() => new Promise((turn) => setImmediate(turn)))`,
    ],
  ] as const) {
    it(`works with connections of its own, and with bodies of every kind, when it is read ${how}`, async () => {
      const before = server.recording.received.length
      const result = await inProcess(`
        ${reading}
        const { Pool, Request, FormData, fetch: undiciFetch } = await load()
        const pool = new Pool(new URL(url).origin)
        const form = new FormData()
        form.append('name', 'value')
        form.append('file', new Blob(['text']), 'name.txt')
        const stream = new Blob(['body']).stream()
        const bodies = ['body', new Uint8Array(4), new URLSearchParams('a=b'), new Blob(['body']), form, stream]
        const answers = []
        for (const body of bodies) {
          const response = await undiciFetch(url, { dispatcher: pool, method: 'POST', body, duplex: 'half' })
          answers.push(response.clone().status, await response.text())
        }
        const headers = [['x-a', 'b']]
        const signal = AbortSignal.timeout(60_000)
        const request = new Request(url, { method: 'POST', body: 'body', headers, signal })
        answers.push((await undiciFetch(request.clone(), { dispatcher: pool })).status, await request.text())
        console.log(JSON.stringify(answers))
        await pool.close()`)
      assert.deepEqual(result, [...Array.from({ length: 6 }, () => [200, 'ok']).flat(), 200, 'body'])
      assert.equal(server.recording.received.length, before + 7)
    })
  }
})
