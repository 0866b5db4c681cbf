/**
 * Changes JSON text in one place and leaves every other byte as it is written: order, indentation, and where lines end.
 *
 * The text has been parsed before (`decodeDocument`), so it is JSON; what is not is read as far as it goes. Nothing here
 * knows what a policy is.
 */

/** One value in the text, from `start` up to `end`. */
export interface JsonNode {
  readonly start: number
  readonly end: number
  readonly kind: 'object' | 'array' | 'scalar'
  readonly members: readonly JsonMember[]
}

/** A member of an object, or an item of an array (`key` is then empty). */
export interface JsonMember {
  readonly key: string
  /** Where its key begins, or the item itself. */
  readonly start: number
  readonly node: JsonNode
}

const STRING = /"(?:[^"\\]|\\.)*"/y

const SCALAR = /[^\s,\]}]+/y

const SPACE = /\s*/y

/** How a new value is indented where the text says nothing. */
const DEFAULT_UNIT = '  '

/** Finds every value of the text. */
export function readJson(text: string): JsonNode {
  return readValue(text, skipSpace(text, 0))
}

/** The value of a member of an object, by its key. */
export function memberOf({ members }: JsonNode, key: string): JsonNode | undefined {
  return members.find((member) => member.key === key)?.node
}

/** The value that a node stands for. */
export function jsonValue(text: string, { start, end }: JsonNode): unknown {
  return JSON.parse(text.slice(start, end))
}

export function replaceNode(text: string, { start, end }: JsonNode, value: string): string {
  return text.slice(0, start) + value + text.slice(end)
}

/** Adds a member at the end, or behind another, in the manner of those that are there. @param key unset: an item */
export function insertMember(
  text: string,
  container: JsonNode,
  { key, value, after }: { readonly key?: string; readonly value: unknown; readonly after?: JsonMember | undefined },
): string {
  const [first] = container.members
  const unit = unitOf(text)
  const name = key === undefined ? '' : `${JSON.stringify(key)}: `
  if (first === undefined) {
    const indent = indentAt(text, container.start)
    const isInline = !readJson(text).members.some(({ start }) => separator(text, start).includes('\n'))
    const inner = isInline ? ' ' : `\n${indent}${unit}`
    const end = isInline ? ' ' : `\n${indent}`
    const isPadded = container.kind === 'object' || !isInline
    const rendered = `${name}${render(value, isInline ? undefined : { unit, indent: indent + unit })}`
    const body = isPadded ? inner + rendered + end : rendered
    return text.slice(0, container.start + 1) + body + text.slice(container.end - 1)
  }
  const space = separator(text, first.start)
  const lineEnd = space.lastIndexOf('\n')
  const shape = lineEnd === -1 ? undefined : { unit, indent: space.slice(lineEnd + 1) }
  const place = (after ?? container.members.at(-1) ?? first).node.end
  const added = `,${lineEnd === -1 ? ' ' : space}${name}${render(value, shape)}`
  return text.slice(0, place) + added + text.slice(place)
}

/** Takes a member out, with its comma. */
export function removeMember(text: string, container: JsonNode, member: JsonMember): string {
  const index = container.members.indexOf(member)
  const before = container.members[index - 1]
  const next = container.members[index + 1]
  if (before !== undefined) return text.slice(0, before.node.end) + text.slice(member.node.end)
  if (next !== undefined) return text.slice(0, member.start) + text.slice(next.start)
  return text.slice(0, container.start + 1) + text.slice(container.end - 1)
}

/** One step of the indentation of a text. */
export function unitOf(text: string): string {
  return /^[{[][ \t]*\r?\n([ \t]+)/.exec(text.trimStart())?.[1] ?? DEFAULT_UNIT
}

/** On lines of its own where a shape is given, else on one line, with spaces inside braces. */
export function render(value: unknown, shape?: { readonly unit: string; readonly indent: string }): string {
  if (shape !== undefined) {
    // A pin stays on one line: it is read as one thing.
    if (isFlat(value)) return render(value)
    const inner = { ...shape, indent: shape.indent + shape.unit }
    const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}']
    const parts = partsOf(value, inner).map((part) => `\n${inner.indent}${part}`)
    return `${open}${parts.join(',')}\n${shape.indent}${close}`
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const parts = partsOf(value).join(', ')
  if (Array.isArray(value)) return `[${parts}]`
  return parts === '' ? '{}' : `{ ${parts} }`
}

function partsOf(value: unknown, shape?: { readonly unit: string; readonly indent: string }): string[] {
  if (Array.isArray(value)) return value.map((item) => render(item, shape))
  return Object.entries(value as object).map(([key, item]) => `${JSON.stringify(key)}: ${render(item, shape)}`)
}

/** It holds no other object and no list. */
function isFlat(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true
  const items = Object.values(value)
  return items.length === 0 || (!Array.isArray(value) && items.every((item) => typeof item !== 'object'))
}

function readValue(text: string, start: number): JsonNode {
  const open = text[start]
  if (open === '{' || open === '[') return readContainer(text, start, open === '{' ? 'object' : 'array')
  return { start, end: endOf(open === '"' ? STRING : SCALAR, text, start), kind: 'scalar', members: [] }
}

function readContainer(text: string, start: number, kind: 'object' | 'array'): JsonNode {
  const members: JsonMember[] = []
  let at = skipSpace(text, start + 1)
  while (at < text.length && text[at] !== '}' && text[at] !== ']') {
    const member = readMember(text, at, kind)
    members.push(member)
    at = skipSpace(text, member.node.end)
    if (text[at] === ',') at = skipSpace(text, at + 1)
  }
  return { start, end: at + 1, kind, members }
}

function readMember(text: string, start: number, kind: 'object' | 'array'): JsonMember {
  if (kind === 'array') return { key: '', start, node: readValue(text, start) }
  const keyEnd = endOf(STRING, text, start)
  const colon = skipSpace(text, keyEnd)
  return { key: JSON.parse(text.slice(start, keyEnd)), start, node: readValue(text, skipSpace(text, colon + 1)) }
}

function skipSpace(text: string, at: number): number {
  return endOf(SPACE, text, at)
}

function endOf(token: RegExp, text: string, at: number): number {
  token.lastIndex = at
  return token.exec(text) === null ? text.length : token.lastIndex
}

/** The white space before a place. */
function separator(text: string, at: number): string {
  return /\s*$/.exec(text.slice(0, at))?.[0] ?? ''
}

/** The white space at the beginning of the line that a place stands in. */
function indentAt(text: string, at: number): string {
  const line = text.slice(text.lastIndexOf('\n', at - 1) + 1)
  return /^[ \t]*/.exec(line)?.[0] ?? ''
}
