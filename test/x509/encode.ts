/**
 * Writes DER (X.690), and by hand whatever only looks like it: what the strict reader is fed with.
 *
 * Nothing here is checked. A test that wants a length that lies, or a name in a string type that nobody uses, says so.
 */

import { TAG } from '../../lib/x509/der.ts'

/** One tag-length-value with the shortest length there is. */
export function tlv(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents)
  return Buffer.concat([Buffer.of(tag), shortestLength(content.length), content])
}

export function sequence(...contents: readonly Uint8Array[]): Buffer {
  return tlv(TAG.sequence, ...contents)
}

export function set(...contents: readonly Uint8Array[]): Buffer {
  return tlv(TAG.set, ...contents)
}

/** OBJECT IDENTIFIER from its dotted form. */
export function objectIdentifier(dotted: string): Buffer {
  const [root = 0, second = 0, ...arcs] = dotted.split('.').map(Number)
  return tlv(TAG.objectIdentifier, ...[root * 40 + second, ...arcs].map(arcBytes))
}

export function boolean(value: boolean): Buffer {
  return tlv(TAG.boolean, Buffer.of(value ? 0xff : 0x00))
}

/** A string of any type: `characters` are the bytes of its encoding. */
export function text(tag: number, characters: string, encoding: BufferEncoding = 'utf8'): Buffer {
  return tlv(tag, Buffer.from(characters, encoding))
}

/** BMPString: UCS-2, big end first. */
export function bmpString(characters: string): Buffer {
  return tlv(TAG.bmpString, Buffer.from(characters, 'utf16le').swap16())
}

/** UniversalString: UCS-4, big end first. */
export function universalString(characters: string): Buffer {
  return tlv(TAG.universalString, ucs4(characters))
}

/** A `Name` of single-valued relative names, each `[type, encoded value]`. */
export function distinguishedName(...attributes: readonly (readonly [type: string, value: Uint8Array])[]): Buffer {
  return sequence(...attributes.map(([type, value]) => set(sequence(objectIdentifier(type), value))))
}

/** Attribute types of RFC 5280 appendix A.1. */
export const ATTRIBUTE = { commonName: '2.5.4.3', country: '2.5.4.6', organization: '2.5.4.10' } as const

function shortestLength(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length)
  const bytes = lengthBytes(length)
  return Buffer.from([0x80 | bytes.length, ...bytes])
}

function lengthBytes(length: number): number[] {
  const bytes: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  return bytes
}

function arcBytes(arc: number): Buffer {
  const bytes = [arc % 128]
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) bytes.unshift((rest % 128) | 0x80)
  return Buffer.from(bytes)
}

function ucs4(characters: string): Buffer {
  return Buffer.concat(
    Array.from(characters, (character) => {
      const bytes = Buffer.alloc(4)
      bytes.writeUInt32BE(character.codePointAt(0) ?? 0)
      return bytes
    }),
  )
}
