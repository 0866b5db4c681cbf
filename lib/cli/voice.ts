/**
 * How a command speaks: results on stdout, talk on stderr, so that a pipe gets nothing but results. With `--json` the
 * result is one JSON value and nothing else. Colour only on a terminal, and never when NO_COLOR is set (no-color.org).
 */

import { styleText } from 'node:util'
import type { Input, Output, World } from './world.ts'

type Style = Parameters<typeof styleText>[0]

/** Work that takes longer tells so, ms. */
const PATIENCE_MS = 1_000

export class Voice {
  readonly isJson: boolean
  readonly #world: World
  readonly #waiting = new Set<NodeJS.Timeout>()

  constructor(world: World, isJson: boolean) {
    this.#world = world
    this.isJson = isJson
  }

  /** The result: `text` for people, or with `--json` the value. */
  result(value: unknown, text: string): void {
    const { stdout } = this.#world
    stdout.write(this.isJson ? `${JSON.stringify(value, null, 2)}\n` : ensureNewline(text))
  }

  /** Talk: what is done, what to look at. */
  say(text: string): void {
    this.#world.stderr.write(ensureNewline(text))
  }

  /** `text` in a style, where the result goes to a terminal. */
  style(style: Style, text: string): string {
    return isColourful(this.#world, this.#world.stdout) ? styleText(style, text, { validateStream: false }) : text
  }

  /** Runs `work`; says what it waits for when that takes more than a second. */
  async during<Result>(label: string, work: () => Promise<Result>): Promise<Result> {
    const timer = setTimeout(() => this.say(`${label} …`), PATIENCE_MS)
    this.#waiting.add(timer)
    try {
      return await work()
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(timer)
    }
  }

  /** Whether somebody is there who reads and can answer. */
  get hasListener(): boolean {
    return this.#world.stdin.isTTY === true && this.#world.stdout.isTTY === true
  }

  /** Asks whether to go on; anything but a yes is a no, and so is the end of input. */
  async ask(question: string): Promise<boolean> {
    const { stderr, stdin } = this.#world
    // It is somebody else who is waited for now.
    for (const timer of this.#waiting) clearTimeout(timer)
    stderr.write(`${question} [y/N] `)
    const line = await readLine(stdin)
    if (line === undefined) stderr.write('\n')
    return /^\s*y(es)?\s*$/i.test(line ?? '')
  }
}

function isColourful({ env }: World, { isTTY }: Output): boolean {
  return isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
}

/** One line; `undefined` when the input ends before it does. */
async function readLine(input: Input): Promise<string | undefined> {
  let text = ''
  for await (const part of input) {
    text += part.toString()
    const end = text.indexOf('\n')
    if (end !== -1) return text.slice(0, end)
  }
  return undefined
}

function ensureNewline(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`
}
