/**
 * Small pieces of SVG: escaped text, numbers without noise, and how wide a text is about.
 */

/** Average width of a letter of a wide sans serif, as a part of its size: which one is used is the reader's matter. */
const LETTER = 0.6

export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

export function number(value: number): string {
  return String(Math.round(value * 10) / 10)
}

export interface TextOptions {
  readonly size?: number
  readonly classes?: string
  readonly anchor?: 'start' | 'middle' | 'end'
  /** Longer texts end in `…`. */
  readonly width?: number
}

export function text(x: number, y: number, words: string, options: TextOptions = {}): string {
  const { size = 12, classes = '', anchor = 'start', width } = options
  const attributes = `x="${number(x)}" y="${number(y)}" font-size="${size}"`
  const end = anchor === 'start' ? '' : ` text-anchor="${anchor}"`
  const className = classes === '' ? '' : ` class="${classes}"`
  return `<text ${attributes}${end}${className}>${escaped(width === undefined ? words : cut(words, width, size))}</text>`
}

export function widthOf(words: string, size: number): number {
  return words.length * size * LETTER
}

export function cut(words: string, width: number, size: number): string {
  const letters = Math.floor(width / (size * LETTER))
  return words.length <= letters ? words : `${words.slice(0, Math.max(1, letters - 1))}…`
}

/** Words into lines of at most this width. */
export function wrapped(words: string, width: number, size: number): string[] {
  const lines: string[] = []
  for (const word of words.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && widthOf(`${last} ${word}`, size) <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}
