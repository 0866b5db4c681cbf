/**
 * What a child process prints, line by line, with a way to wait for a line.
 */

import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { Signal } from './signal.ts'

export class Lines {
  readonly all: string[] = []
  #changed = new Signal<void>()
  #ended = false

  constructor(stream: Readable) {
    const lines = createInterface({ input: stream })
    lines.on('line', (line) => {
      this.all.push(line)
      this.#changed.emit()
    })
    lines.on('close', () => {
      this.#ended = true
      this.#changed.emit()
    })
  }

  /** The first line, printed already or yet to come, that fits. Rejects when the output ends without one. */
  async when(fits: RegExp | ((line: string) => boolean)): Promise<string> {
    const test = typeof fits === 'function' ? fits : (line: string) => fits.test(line)
    for (let index = 0; ; index++) {
      while (index >= this.all.length) {
        if (this.#ended) throw new Error(`No line fits ${fits}; printed was:\n${this.all.join('\n')}`)
        await this.#changed.next()
      }
      const line = this.all[index]
      if (line !== undefined && test(line)) return line
    }
  }
}
