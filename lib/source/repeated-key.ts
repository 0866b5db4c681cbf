/**
 * Finds a key that comes twice in one object of a JSON text (RFC 8259 section 4). `JSON.parse` takes the last one without
 * a word, so such a document would mean something else than what a reader sees first.
 */

const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\]:,]/g

/** The path of the first repeated key; `undefined`: there is none. @param text valid JSON */
export function repeatedKey(text: string): readonly string[] | undefined {
  /** For every object or list that is open: the keys seen, none for a list, and the key that is being read. */
  const open: { readonly keys: Set<string> | undefined; key: string }[] = []
  let string = ''
  for (const [token] of text.matchAll(TOKENS)) {
    if (token === '{' || token === '[') open.push({ keys: token === '{' ? new Set() : undefined, key: '' })
    else if (token === '}' || token === ']') open.pop()
    else if (token.startsWith('"')) string = token
    else if (token === ':') {
      const object = open.at(-1)
      if (object?.keys === undefined) continue
      object.key = JSON.parse(string)
      if (object.keys.has(object.key)) return open.filter(({ keys }) => keys !== undefined).map(({ key }) => key)
      object.keys.add(object.key)
    }
  }
  return undefined
}
