/**
 * Counts what a suite expects and what it gets, in words: "84 refused, 24 answered".
 */

export class Tally {
  readonly #expected = new Map<string, number>()
  readonly #got = new Map<string, number>()

  /** Counts one case as come out as expected once `work` has ended well. */
  async expect(outcome: string, work: () => Promise<void>): Promise<void> {
    add(this.#expected, outcome)
    try {
      await work()
    } catch (error) {
      add(this.#got, 'otherwise')
      throw error
    }
    add(this.#got, outcome)
  }

  get cases(): number {
    return Array.from(this.#expected.values()).reduce((sum, count) => sum + count, 0)
  }

  get expected(): string {
    return inWords(this.#expected)
  }

  get got(): string {
    return inWords(this.#got)
  }
}

function add(counts: Map<string, number>, outcome: string): void {
  counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
}

function inWords(counts: ReadonlyMap<string, number>): string {
  return Array.from(counts, ([outcome, count]) => `${count} ${outcome}`).join(', ')
}
