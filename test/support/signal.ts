/**
 * Something that happens again and again, and that a test can wait for instead of sleeping.
 */

export class Signal<Value> {
  #waiting: ((value: Value) => void)[] = []

  /** The next time it happens. Ask before causing it. */
  next(): Promise<Value> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  emit(value: Value): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve(value)
  }
}
