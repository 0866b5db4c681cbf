/** The known word that was most likely meant: for the hint of a refusal, never to accept the wrong word. */

/** More edits than this are another word. */
const MAX_EDITS = 2

/** Longer input is no slip of the pen, and is not worth the quadratic comparison. */
const MAX_LENGTH = 32

/** The nearest of `known`, or undefined when none is near. */
export function nearestWord(written: string, known: readonly string[]): string | undefined {
  if (written.length > MAX_LENGTH) return undefined
  const lower = written.toLowerCase()
  let best: { readonly word: string; readonly edits: number } | undefined
  for (const word of known) {
    const edits = editsBetween(lower, word.toLowerCase())
    if (edits <= MAX_EDITS && edits < word.length && (best === undefined || edits < best.edits)) best = { word, edits }
  }
  return best?.word
}

/** Levenshtein distance: insertions, deletions and replacements, one row at a time. */
function editsBetween(left: string, right: string): number {
  let above = Array.from({ length: right.length + 1 }, (_, column) => column)
  for (let row = 1; row <= left.length; row++) {
    const current = [row]
    for (let column = 1; column <= right.length; column++) {
      const replaced = (above[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1)
      current.push(Math.min(replaced, (above[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1))
    }
    above = current
  }
  return above[right.length] ?? 0
}
