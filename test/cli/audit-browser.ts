/**
 * A headless Chromium, spoken to over a pipe in the DevTools protocol: what a page asks the network for, what its console
 * says, how wide it is, how it looks.
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
]

/** Where Chromium is; `undefined`: it is not there. `sh test/support/packages.sh chromium` installs it. */
export function findChromium(): string | undefined {
  return ['chromium', 'chromium-browser'].find((name) => spawnSync(name, ['--version']).status === 0)
}

export interface View {
  readonly width: number
  readonly scheme: 'light' | 'dark'
}

export interface Sight {
  /** All that the page asked for, itself left out. */
  readonly requests: readonly string[]
  /** Messages of the console, and errors. */
  readonly console: readonly string[]
  /** How wide the content is. */
  readonly contentWidth: number
  /** The ground of the body, as `rgb(…)`. */
  readonly ground: string
  readonly title: string
  /** PNG. */
  readonly screenshot: Buffer
}

/** What is read of the events that are watched. */
interface EventParams {
  readonly request?: { readonly url: string }
  readonly entry?: { readonly text: string }
}

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: EventParams
  readonly result?: Record<string, unknown>
  readonly error?: { readonly message: string }
  readonly sessionId?: string
}

export class Browser {
  readonly #process: ChildProcess
  readonly #profile: string
  readonly #waiting = new Map<number, { resolve: (result: never) => void; reject: (error: Error) => void }>()
  readonly #listeners = new Set<(message: Message) => void>()
  #last = 0

  static async start(program: string): Promise<Browser> {
    const profile = mkdtempSync(join(tmpdir(), 'pinned-fetch-chromium-'))
    const flags = [...FLAGS, `--user-data-dir=${profile}`, '--remote-debugging-pipe', 'about:blank']
    const process = spawn(program, flags, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] })
    return new Browser(process, profile)
  }

  private constructor(process: ChildProcess, profile: string) {
    this.#process = process
    this.#profile = profile
    let rest = ''
    ;(process.stdio[4] as Readable).setEncoding('utf8').on('data', (chunk: string) => {
      const messages = (rest + chunk).split('\0')
      rest = messages.pop() ?? ''
      for (const message of messages) this.#take(JSON.parse(message))
    })
    process.once('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('Chromium has ended'))
    })
  }

  /** Opens a page and looks at it. */
  async look(url: string, { width, scheme }: View): Promise<Sight> {
    const { targetId } = await this.#call<{ targetId: string }>('Target.createTarget', { url: 'about:blank' })
    const { sessionId } = await this.#call<{ sessionId: string }>('Target.attachToTarget', { targetId, flatten: true })
    const call = <Result>(method: string, params: object = {}) => this.#call<Result>(method, params, sessionId)
    const requests: string[] = []
    const said: string[] = []
    const loaded = this.#watch(sessionId, url, requests, said)
    for (const domain of ['Page', 'Network', 'Runtime', 'Log']) await call(`${domain}.enable`)
    const isPhone = width < 600
    await call('Emulation.setDeviceMetricsOverride', { width, height: 900, deviceScaleFactor: 1, mobile: isPhone })
    await call('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] })
    await call('Page.navigate', { url })
    await loaded
    const evaluate = async (expression: string) =>
      (await call<{ result: { value: unknown } }>('Runtime.evaluate', { expression })).result.value
    const contentWidth = Number(await evaluate('document.documentElement.scrollWidth'))
    const ground = String(await evaluate('getComputedStyle(document.body).backgroundColor'))
    const title = String(await evaluate('document.title'))
    const shot = { format: 'png', captureBeyondViewport: true }
    const { data } = await call<{ data: string }>('Page.captureScreenshot', shot)
    await this.#call('Target.closeTarget', { targetId })
    return { requests, console: said, contentWidth, ground, title, screenshot: Buffer.from(data, 'base64') }
  }

  async close(): Promise<void> {
    const ended = once(this.#process, 'exit')
    await this.#call('Browser.close').catch(() => {})
    await ended
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }

  #watch(sessionId: string, url: string, requests: string[], said: string[]): Promise<void> {
    return new Promise((resolve) => {
      this.#listeners.add((message) => {
        if (message.sessionId !== sessionId) return
        const { method, params = {} } = message
        const asked = method === 'Network.requestWillBeSent' ? String(params.request?.url) : url
        if (asked !== url) requests.push(asked)
        if (method === 'Runtime.consoleAPICalled' || method === 'Runtime.exceptionThrown')
          said.push(JSON.stringify(params))
        if (method === 'Log.entryAdded') said.push(String(params.entry?.text))
        if (method === 'Page.loadEventFired') resolve()
      })
    })
  }

  #call<Result>(method: string, params: object = {}, sessionId?: string): Promise<Result> {
    const id = ++this.#last
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (result: never) => void, reject })
      ;(this.#process.stdio[3] as Writable).write(`${JSON.stringify({ id, method, params, sessionId })}\0`)
    })
  }

  #take(message: Message): void {
    const waiting = message.id === undefined ? undefined : this.#waiting.get(message.id)
    if (message.id !== undefined) this.#waiting.delete(message.id)
    if (message.error !== undefined) waiting?.reject(new Error(message.error.message))
    else waiting?.resolve(message.result as never)
    for (const listener of this.#listeners) listener(message)
  }
}
