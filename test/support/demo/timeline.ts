/**
 * How the demo speaks: one line per event with the milliseconds since the start, what was observed marked as such, and
 * indented lines of evidence below. Colour only where a person is looking.
 */

import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

/** Milliseconds and their unit, right-aligned: a story of a minute has five digits. */
const TIME_WIDTH = 6
const EVIDENCE_INDENT = ' '.repeat(TIME_WIDTH + 7)
const LABEL_WIDTH = 12

/** What is needed of a stream. */
export interface Sink {
  readonly isTTY?: boolean
  write(text: string): unknown
}

export class Timeline {
  readonly #stream: Sink
  readonly #startedAt = performance.now()

  constructor(stream: Sink) {
    this.#stream = stream
  }

  get elapsedMs(): number {
    return Math.round(performance.now() - this.#startedAt)
  }

  title(text: string): void {
    this.#print(`${this.#styled('bold', text)}\n`)
  }

  heading(text: string): void {
    this.#print('')
    this.#print(`${this.#time()}  ${this.#styled('bold', text)}`)
  }

  event(text: string): void {
    this.#print(`${this.#time()}  ${text}`)
  }

  /** Something that was seen to be so, not only said. */
  observed(text: string): void {
    this.#print(`${this.#time()}  ${this.#styled('green', '✓')} ${text}`)
  }

  evidence(label: string, text: string): void {
    this.#print(`${EVIDENCE_INDENT}${this.#styled('dim', label.padEnd(LABEL_WIDTH))}${text}`)
  }

  /** Text of several lines, as it stands: an error's message, a document, a table. */
  block(text: string): void {
    for (const line of text.split('\n')) this.#print(`${EVIDENCE_INDENT}${line}`)
  }

  close(text: string): void {
    this.#print('')
    this.#print(`${this.#time()}  ${this.#styled('bold', text)}`)
  }

  #time(): string {
    return this.#styled('dim', `${String(this.elapsedMs).padStart(TIME_WIDTH)} ms`)
  }

  #styled(style: Style, text: string): string {
    const wanted = this.#stream.isTTY === true && !process.env['NO_COLOR']
    return wanted ? styleText(style, text, { validateStream: false }) : text
  }

  #print(line: string): void {
    this.#stream.write(`${line}\n`)
  }
}

/** What takes more than a second says so while it does; not part of the results. */
export function progress(text: string): void {
  process.stderr.write(`demo: ${text}\n`)
}
