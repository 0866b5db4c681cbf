/**
 * HTML that can't be broken by what is in it: every value of a template is escaped, except what is `Html` already.
 *
 * Subjects come from whoever answered, and names from whoever wrote the policy. Control characters and those that turn
 * the direction of text are shown by their number, so that nobody's name can rearrange a line.
 */

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Control characters, line separators, and the marks of bidirectional text. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

/** Text that is HTML. Only {@link html} and {@link trusted} make one. */
export class Html {
  readonly #text: string

  private constructor(text: string) {
    this.#text = text
  }

  static of(text: string): Html {
    return new Html(text)
  }

  toString(): string {
    return this.#text
  }
}

export type Part = string | number | Html | undefined | readonly Part[]

export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return Html.of(strings.reduce((text, string, index) => text + textOf(parts[index - 1]) + string))
}

/** Text of our own, as it stands: a style sheet. */
export function trusted(text: string): Html {
  return Html.of(text)
}

export function escapeText(text: string): string {
  return visible(text).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
}

/** Text with what nobody would see told by its number. */
export function visible(text: string): string {
  return text.replace(UNSEEN, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
}

function textOf(part: Part): string {
  if (part === undefined) return ''
  if (part instanceof Html) return part.toString()
  if (typeof part === 'object') return part.map(textOf).join('')
  return escapeText(String(part))
}
