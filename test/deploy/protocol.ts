/**
 * How a deployment test tells what it does: numbered steps, below each what was seen, and how long it took.
 *
 * A step that does not see what it is to see ends the story. What a command printed comes with its failure.
 */

const INDENT = '    '
const WIDTH = 25

/** Between two looks at a state that is to come, ms. */
const LOOK_EVERY_MS = 250

export type Saw = (what: string, how?: string) => void

export class Protocol {
  readonly #begun = performance.now()
  #count = 0

  async step<Result>(title: string, work: (saw: Saw) => Promise<Result>): Promise<Result> {
    const begun = performance.now()
    say(`\n${String(++this.#count).padStart(2)}  ${title}`)
    try {
      const result = await work(saw)
      say(`${INDENT}ok, ${seconds(begun)}`)
      return result
    } catch (error) {
      say(`${INDENT}FAILED, ${seconds(begun)}`)
      throw error
    }
  }

  end(outcome: string): void {
    say(`\n${outcome} (${seconds(this.#begun)})`)
  }
}

export function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

function saw(what: string, how = ''): void {
  const [first = '', ...more] = how.trimEnd().split('\n')
  say(`${INDENT}${what.padEnd(WIDTH)}${first}`.trimEnd())
  for (const line of more) say(`${INDENT}${' '.repeat(WIDTH)}${line}`.trimEnd())
}

function seconds(begun: number): string {
  return `${((performance.now() - begun) / 1000).toFixed(1)} s`
}

/** Something that the story tells did not happen. */
export class NotSeen extends Error {
  override readonly name = 'NotSeen'

  constructor(expected: string, seen: unknown) {
    super(`expected: ${expected}\nseen: ${typeof seen === 'string' ? seen : JSON.stringify(seen)}`)
  }
}

/** @throws {NotSeen} unless it holds */
export function expect(holds: boolean, expected: string, seen: unknown): asserts holds {
  if (!holds) throw new NotSeen(expected, seen)
}

/**
 * Looks until what is to come is there.
 *
 * @param look `undefined`, or what it throws: not yet
 * @throws {NotSeen} when the time is up, with what was seen or thrown last
 */
export async function until<Value>(
  expected: string,
  limitMs: number,
  look: () => Promise<Value | undefined>,
): Promise<Value> {
  const deadline = performance.now() + limitMs
  let last: unknown = 'nothing'
  for (;;) {
    try {
      const value = await look()
      if (value !== undefined) return value
    } catch (error) {
      last = error instanceof Error ? error.message : error
    }
    if (performance.now() > deadline) throw new NotSeen(`${expected}, within ${limitMs / 1000} s`, last)
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
}
