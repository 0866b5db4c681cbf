/**
 * The host that a caller's `Host` header names, in any of the forms in which undici takes headers.
 */

/** @param headers a record, a flat list of names and values, or pairs; the port is left out */
export function hostHeader(headers: unknown): string | undefined {
  for (const [name, value] of pairsOf(headers)) {
    if (String(name).toLowerCase() !== 'host') continue
    const text = String(Array.isArray(value) ? value[0] : value)
    return text.replace(/:\d+$/, '')
  }
  return undefined
}

/**
 * The same headers in a form that can be read again, by us and by undici each time it gets the request: an iterator can
 * be read once.
 */
export function rereadable<Headers>(headers: Headers): Headers {
  if (Array.isArray(headers) || !isIterable(headers)) return headers
  // The flat form: undici takes an array for that.
  return [...headers].flat() as Headers
}

function* pairsOf(headers: unknown): Generator<readonly [unknown, unknown]> {
  if (Array.isArray(headers) && !Array.isArray(headers[0])) {
    for (let index = 0; index + 1 < headers.length; index += 2) yield [headers[index], headers[index + 1]]
  } else if (isIterable(headers)) {
    for (const pair of headers) if (Array.isArray(pair)) yield [pair[0], pair[1]]
  } else if (typeof headers === 'object' && headers !== null) {
    yield* Object.entries(headers)
  }
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value
}
