/**
 * A strict reader of DER, as little of it as a certificate needs (X.690 sections 8 and 10).
 *
 * `node:crypto` parses certificates but tells neither the path length, nor the key usage bits, nor name constraints,
 * nor the names as encoded. This reads those. Definite minimal lengths only, single-byte tags only, every length
 * checked against what is there, no recursion: the depth is what the caller asks for.
 *
 * Not here: writing DER, BER leniency, or what the values mean (certificate.ts).
 */

/** Universal and context-specific tags of RFC 5280's structures. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  t61String: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  visibleString: 0x1a,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const

/** A context-specific tag: `[number]`, constructed or primitive. */
export function contextTag(number: number, form: 'constructed' | 'primitive'): number {
  return (form === 'constructed' ? 0xa0 : 0x80) | number
}

/** Bytes that are not the DER they should be. Caught where a certificate is read; it never leaves this folder. */
export class DerError extends Error {
  override readonly name = 'DerError'
}

/** One tag-length-value. Its parts are views into the input, made when they are asked for. */
export class DerValue {
  readonly tag: number
  readonly #bytes: Buffer
  readonly #start: number
  readonly #contentStart: number
  readonly #end: number

  constructor(bytes: Buffer, { tag, start, contentStart, end }: DerBounds) {
    this.tag = tag
    this.#bytes = bytes
    this.#start = start
    this.#contentStart = contentStart
    this.#end = end
  }

  get content(): Buffer {
    return this.#bytes.subarray(this.#contentStart, this.#end)
  }

  /** Tag, length and content: what a signature or a hash is made over. */
  get whole(): Buffer {
    return this.#bytes.subarray(this.#start, this.#end)
  }

  /** Reads the values that the content consists of. */
  get fields(): DerReader {
    return new DerReader(this.#bytes, this.#contentStart, this.#end)
  }
}

interface DerBounds {
  readonly tag: number
  readonly start: number
  readonly contentStart: number
  /** Behind the last byte. */
  readonly end: number
}

/** Reads the values of one constructed content, in order. */
export class DerReader {
  readonly #bytes: Buffer
  readonly #end: number
  #offset: number

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.#bytes = bytes
    this.#offset = start
    this.#end = end
  }

  get atEnd(): boolean {
    return this.#offset === this.#end
  }

  /** The next value, which must carry `tag` when one is given. */
  read(tag?: number): DerValue {
    const start = this.#offset
    const actual = this.#byte()
    if ((actual & 0x1f) === 0x1f) throw new DerError('a tag of several bytes')
    const length = this.#length()
    const contentStart = this.#offset
    const end = contentStart + length
    if (end > this.#end) throw new DerError('a length that runs past the end')
    if (tag !== undefined && actual !== tag) throw new DerError(`tag ${hex(actual)} where ${hex(tag)} belongs`)
    this.#offset = end
    return new DerValue(this.#bytes, { tag: actual, start, contentStart, end })
  }

  /** The next value when it carries `tag`; otherwise nothing is read. */
  readOptional(tag: number): DerValue | undefined {
    return !this.atEnd && this.#bytes[this.#offset] === tag ? this.read(tag) : undefined
  }

  /** The values to the end. */
  rest(): DerValue[] {
    const values: DerValue[] = []
    while (!this.atEnd) values.push(this.read())
    return values
  }

  /** Refuses bytes after the last field. */
  end(): void {
    if (!this.atEnd) throw new DerError('bytes after the last field')
  }

  #byte(): number {
    const byte = this.#offset < this.#end ? this.#bytes[this.#offset] : undefined
    if (byte === undefined) throw new DerError('an end where a value belongs')
    this.#offset += 1
    return byte
  }

  #length(): number {
    const first = this.#byte()
    if (first < 0x80) return first
    const count = first & 0x7f
    // 0x80 is BER's indefinite form; four bytes describe more than any certificate holds.
    if (count === 0 || count > 4) throw new DerError('a length that is not DER')
    let length = 0
    for (let index = 0; index < count; index++) length = length * 256 + this.#byte()
    if (length < 0x80 || length < 256 ** (count - 1)) throw new DerError('a length that is not minimal')
    return length
  }
}

/** The one value that `bytes` consist of. */
export function readDer(bytes: Buffer, tag?: number): DerValue {
  const reader = new DerReader(bytes)
  const value = reader.read(tag)
  reader.end()
  return value
}

/** BOOLEAN: DER knows 0x00 and 0xff only (X.690 section 11.1). */
export function readBoolean({ content }: DerValue): boolean {
  if (content.length !== 1 || (content[0] !== 0x00 && content[0] !== 0xff)) throw new DerError('a malformed BOOLEAN')
  return content[0] === 0xff
}

/** A non-negative INTEGER of at most four bytes: versions and path lengths. */
export function readSmallInteger({ content }: DerValue): number {
  const first = content[0]
  if (first === undefined || first >= 0x80 || content.length > 4) throw new DerError('an INTEGER out of range')
  if (first === 0 && content.length > 1 && (content[1] ?? 0) < 0x80)
    throw new DerError('an INTEGER that is not minimal')
  return content.readUIntBE(0, content.length)
}

/** OBJECT IDENTIFIER in dotted form (X.690 section 8.19). */
export function readObjectIdentifier({ content }: DerValue): string {
  const last = content[content.length - 1]
  if (last === undefined || last >= 0x80) throw new DerError('a malformed OBJECT IDENTIFIER')
  const arcs: number[] = []
  let arc = 0
  for (const byte of content) {
    if (arc === 0 && byte === 0x80) throw new DerError('an OBJECT IDENTIFIER that is not minimal')
    arc = arc * 128 + (byte & 0x7f)
    if (arc > Number.MAX_SAFE_INTEGER / 128) throw new DerError('an OBJECT IDENTIFIER out of range')
    if (byte < 0x80) {
      if (arcs.length === 0) {
        const root = arc < 40 ? 0 : arc < 80 ? 1 : 2
        arcs.push(root, arc - root * 40)
      } else {
        arcs.push(arc)
      }
      arc = 0
    }
  }
  return arcs.join('.')
}

/** BIT STRING of whole bytes. */
export function readBitString({ content }: DerValue): Buffer {
  if (content[0] !== 0) throw new DerError('a BIT STRING that is not whole bytes')
  return content.subarray(1)
}

/** BIT STRING of flags, as a number whose bit 0 is the first bit named (KeyUsage: RFC 5280 section 4.2.1.3). */
export function readFlags({ content }: DerValue): number {
  const unused = content[0]
  if (unused === undefined || unused > 7 || content.length > 4) throw new DerError('a malformed BIT STRING')
  if (content.length === 1 && unused !== 0) throw new DerError('a malformed BIT STRING')
  let flags = 0
  for (let bit = 0; bit < (content.length - 1) * 8 - unused; bit++) {
    if (((content[1 + (bit >> 3)] ?? 0) & (0x80 >> (bit & 7))) !== 0) flags |= 1 << bit
  }
  return flags
}

/**
 * UTCTime or GeneralizedTime in milliseconds since the epoch: seconds present, Zulu, no fractions
 * (RFC 5280 section 4.1.2.5).
 */
export function readTime({ tag, content }: DerValue): number {
  const text = content.toString('latin1')
  const match =
    tag === TAG.utcTime
      ? /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(text)
      : tag === TAG.generalizedTime
        ? /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(text)
        : null
  if (match === null) throw new DerError('a malformed time')
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number)
  const fullYear = tag === TAG.utcTime ? year + (year < 50 ? 2000 : 1900) : year
  const date = new Date(0)
  date.setUTCFullYear(fullYear, month - 1, day)
  date.setUTCHours(hour, minute, second, 0)
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day || hour > 23 || minute > 59 || second > 59) {
    throw new DerError('a time that does not exist')
  }
  return date.getTime()
}

function hex(tag: number): string {
  return `0x${tag.toString(16).padStart(2, '0')}`
}
