/**
 * DER as a tree that can be broken at any place and written again: the lengths around the break are right again, so a
 * reader gets as far as the break itself.
 *
 * Also what stands inside an OCTET STRING is a branch, if it can be one: that is where a certificate keeps its extensions.
 */

import fc from 'fast-check'
import { tlv } from '../../x509/encode.ts'

interface Branch {
  tag: number
  /** Of a constructed value, in order. */
  parts: Branch[]
  /** Of a primitive value. */
  content: Buffer
  /** What is done to the encoding once it is there. */
  twist?: (encoded: Buffer) => Buffer
}

const OCTET_STRING = 0x04

export interface Break {
  /** Which value of the tree, counted from its root; modulo their number. */
  readonly at: number
  readonly kind: keyof typeof BREAKS
  readonly amount: number
}

/** What is done to one value. */
const BREAKS = {
  tag(branch: Branch, amount: number) {
    branch.tag = amount % 256
  },
  /** Another form of the same tag: primitive where it is constructed, and the other way round. */
  form(branch: Branch) {
    branch.tag ^= 0x20
  },
  bit(branch: Branch, amount: number) {
    branch.twist = (encoded) => withBit(encoded, amount)
  },
  empty(branch: Branch) {
    branch.parts = []
    branch.content = Buffer.alloc(0)
  },
  cut(branch: Branch, amount: number) {
    branch.twist = (encoded) => encoded.subarray(0, amount % encoded.length)
  },
  doubled(branch: Branch) {
    branch.twist = (encoded) => Buffer.concat([encoded, encoded])
  },
  absent(branch: Branch) {
    branch.twist = () => Buffer.alloc(0)
  },
  swapped: (branch: Branch) => void branch.parts.reverse(),
  /** The first part once more at the end: an extension, a name, a field that comes twice. */
  repeated(branch: Branch, amount: number) {
    const part = branch.parts[amount % branch.parts.length]
    if (part !== undefined) branch.parts.push(part)
  },
  /** BER's length without a number (X.690 section 8.1.3.6). */
  indefinite(branch: Branch) {
    branch.twist = (encoded) => Buffer.concat([Buffer.of(branch.tag, 0x80), contentOf(encoded), Buffer.of(0, 0)])
  },
  /** A length in more bytes than it needs. */
  longLength(branch: Branch, amount: number) {
    branch.twist = (encoded) => withLength(branch.tag, contentOf(encoded), contentOf(encoded).length, 1 + (amount % 6))
  },
  lie(branch: Branch, amount: number) {
    branch.twist = (encoded) => withLength(branch.tag, contentOf(encoded), amount * 131, 1 + (amount % 5))
  },
  deep(branch: Branch, amount: number) {
    branch.twist = (encoded) => nested(encoded, branch.tag | 0x20, amount % 300)
  },
  huge(branch: Branch, amount: number) {
    branch.parts = []
    branch.content = Buffer.alloc((amount % 256) * 40 + 1, amount)
  },
}

const KINDS = Object.keys(BREAKS) as (keyof typeof BREAKS)[]

/** One to three breaks. */
export const breaks: fc.Arbitrary<readonly Break[]> = fc.array(
  fc.record({ at: fc.nat({ max: 500 }), kind: fc.constantFrom(...KINDS), amount: fc.nat({ max: 65_535 }) }),
  { minLength: 1, maxLength: 3 },
)

export function broken(der: Buffer, list: readonly Break[]): Buffer {
  const root = treeOf(der)
  for (const { at, kind, amount } of list) {
    const branches = [...preorder(root)]
    const branch = branches[at % branches.length]
    if (branch !== undefined) BREAKS[kind](branch, amount)
  }
  return written(root)
}

/** Throws a RangeError for what is no DER. */
function treeOf(bytes: Buffer): Branch {
  const [only, ...others] = branchesOf(bytes)
  if (only === undefined || others.length > 0) throw new RangeError('not one value')
  return only
}

function branchesOf(bytes: Buffer): Branch[] {
  const branches: Branch[] = []
  for (let rest = bytes; rest.length > 0; ) {
    const tag = rest.readUInt8(0)
    const { start, end } = extentOf(rest)
    if (end > rest.length) throw new RangeError('a length that runs past the end')
    branches.push(branchOf(tag, rest.subarray(start, end)))
    rest = rest.subarray(end)
  }
  return branches
}

function branchOf(tag: number, content: Buffer): Branch {
  if ((tag & 0x20) !== 0) return { tag, parts: branchesOf(content), content }
  if (tag !== OCTET_STRING) return { tag, parts: [], content }
  try {
    return { tag, parts: branchesOf(content), content }
  } catch {
    return { tag, parts: [], content }
  }
}

function extentOf(bytes: Buffer): { start: number; end: number } {
  const first = bytes.readUInt8(1)
  const count = first < 0x80 ? 0 : first & 0x7f
  const length = count === 0 ? first : bytes.readUIntBE(2, count)
  return { start: 2 + count, end: 2 + count + length }
}

function contentOf(encoded: Buffer): Buffer {
  return encoded.subarray(extentOf(encoded).start)
}

function* preorder(branch: Branch): Generator<Branch> {
  yield branch
  for (const part of branch.parts) yield* preorder(part)
}

function written(branch: Branch): Buffer {
  const contents = branch.parts.length > 0 ? branch.parts.map(written) : [branch.content]
  const encoded = tlv(branch.tag, ...contents)
  return branch.twist === undefined ? encoded : branch.twist(encoded)
}

function withBit(encoded: Buffer, amount: number): Buffer {
  const copy = Buffer.from(encoded)
  const at = (amount >> 3) % copy.length
  copy[at] = (copy[at] ?? 0) ^ (1 << (amount & 7))
  return copy
}

function withLength(tag: number, content: Buffer, length: number, bytes: number): Buffer {
  const number = Buffer.alloc(6)
  number.writeUIntBE(length % 2 ** (bytes * 8), 6 - bytes, bytes)
  return Buffer.concat([Buffer.of(tag, 0x80 | bytes), number.subarray(6 - bytes), content])
}

function nested(encoded: Buffer, tag: number, depth: number): Buffer {
  let inner = encoded
  for (let level = 0; level < depth; level++) inner = tlv(tag, inner)
  return inner
}
