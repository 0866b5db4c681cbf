/**
 * Reads the plain JSON shapes a policy is made of: objects with known keys, lists, choices. `unknown` goes in here and
 * does not come out.
 *
 * Only own keys count, and they are copied into a Map first: a document may hold the keys `__proto__` and
 * `constructor`, and a lookup must not find what the document didn't say. A key whose value is `undefined` is there,
 * with a wrong value.
 */
import { emptyRecord } from './frozen-record.ts'
import { kindOf, malformed, pathOfItem, pathOfKey } from './malformed.ts'
import { nearestWord } from './spelling.ts'

/** Turns a value at a path into what it means, or throws `ERR_POLICY_MALFORMED` naming the path. */
export type Parse<Value> = (input: unknown, path: string) => Value

/** One object of the document, and where it stands. */
export interface Fields {
  readonly path: string
  readonly values: ReadonlyMap<string, unknown>
}

/** Reads an object, whatever its keys. */
export function parseObject(input: unknown, path: string, repair: string): Fields {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw malformed(path, `is ${kindOf(input)}, not an object`, repair)
  }
  return { path, values: new Map<string, unknown>(Object.entries(input)) }
}

/** Refuses the first key that is not one of `known`, suggesting the nearest that is. */
export function refuseUnknownKeys(fields: Fields, known: readonly string[]): void {
  for (const key of fields.values.keys()) {
    if (known.includes(key)) continue
    const meant = nearestWord(key, known)
    const repair =
      meant === undefined ? `known here: ${known.map((word) => `"${word}"`).join(', ')}` : `did you mean "${meant}"?`
    throw malformed(pathOfKey(fields.path, key), 'is not a known key', repair)
  }
}

/** The parsed value of a key, or undefined where the key is not there. */
export function parseField<Value>(fields: Fields, key: string, parse: Parse<Value>): Value | undefined {
  return fields.values.has(key) ? parse(fields.values.get(key), pathOfKey(fields.path, key)) : undefined
}

/** The same as an object to spread, so that an absent key stays absent (`exactOptionalPropertyTypes`). */
export function parseOptional<Key extends string, Value>(
  fields: Fields,
  key: Key,
  parse: Parse<Value>,
): { readonly [K in Key]?: Value } {
  const value = parseField(fields, key, parse)
  return value === undefined ? {} : ({ [key]: value } as { readonly [K in Key]: Value })
}

/**
 * The parsed values of all keys, in the order of the document: an entry of few keys costs little. The keys were looked at
 * before ({@link refuseUnknownKeys}).
 */
export function parseFields<Values extends object>(
  fields: Fields,
  parsers: { readonly [Key in keyof Values]?: Parse<Values[Key]> },
): Values {
  const read = emptyRecord()
  for (const [key, value] of fields.values) {
    const parse = parsers[key as keyof Values]
    if (parse === undefined) throw new Error(`"${key}" has no parser`)
    read[key] = parse(value, pathOfKey(fields.path, key))
  }
  return read as Values
}

/** A parser of frozen lists. `noun` is what an item is called: `a pin`. */
export function listOf<Value>(noun: string, parseItem: Parse<Value>): Parse<readonly Value[]> {
  return (input, path) => {
    if (!Array.isArray(input)) throw malformed(path, `is ${kindOf(input)}, not an array`, `write [ … ] around ${noun}`)
    // By index: a hole is an item without a value, and is refused as one.
    const list: Value[] = []
    for (let index = 0; index < input.length; index++) list.push(parseItem(input[index], pathOfItem(path, index)))
    return Object.freeze(list)
  }
}

/** The same for a list that means nothing, or the wrong thing, when it is empty. */
export function nonEmptyListOf<Value>(noun: string, parseItem: Parse<Value>): Parse<readonly Value[]> {
  const parseList = listOf(noun, parseItem)
  return (input, path) => {
    const list = parseList(input, path)
    if (list.length === 0) throw malformed(path, 'is empty', `list at least ${noun}, or remove the key`)
    return list
  }
}

/** A parser of one word out of a few. */
export function choiceOf<Choice extends string>(choices: readonly Choice[]): Parse<Choice> {
  const listed = choices.map((choice) => `"${choice}"`).join(' or ')
  return (input, path) => {
    const chosen = choices.find((choice) => choice === input)
    if (chosen !== undefined) return chosen
    const problem = typeof input === 'string' ? 'is none of the known words' : `is ${kindOf(input)}, not a string`
    throw malformed(path, problem, `write ${listed}`)
  }
}
