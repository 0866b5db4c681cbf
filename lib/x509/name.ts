/**
 * Distinguished names and general names, as far as comparing them needs (RFC 5280 sections 4.2.1.6 and 7.1).
 *
 * Two encodings of one name (PrintableString "Example CA", UTF8String "example  ca") are one name to OpenSSL, so they
 * must be one name here: a real chain may mix them.
 *
 * Not here: names for people (`X509Certificate.subject` does that), and matching host names (certificate.ts).
 */

import { contextTag, type DerValue, readDer, readObjectIdentifier, TAG } from './der.ts'

/** Each relative distinguished name in comparable form; equal strings are equal names. */
export type ComparableName = readonly string[]

/** Brings a `Name` into comparable form: strings folded in case and white space, other values as bytes. */
export function comparableName(name: DerValue): ComparableName {
  return name.fields.rest().map((relative) => {
    const attributes = relative.fields.rest().map(comparableAttribute)
    return JSON.stringify(attributes.sort())
  })
}

/** {@link comparableName} of bytes that are one DER-encoded `Name`. */
export function readName(bytes: Buffer): ComparableName {
  return comparableName(readDer(bytes, TAG.sequence))
}

function comparableAttribute(attribute: DerValue): string {
  const { fields } = attribute
  const type = readObjectIdentifier(fields.read(TAG.objectIdentifier))
  const value = comparableValue(fields.read())
  fields.end()
  return `${type}=${value}`
}

/** Whether `name` lies in the subtree that starts with `base` (RFC 5280 section 4.2.1.10, directoryName). */
export function isWithin(name: ComparableName, base: ComparableName): boolean {
  return base.length <= name.length && base.every((relative, index) => name[index] === relative)
}

function comparableValue(value: DerValue): string {
  const text = decodeString(value.tag, value.content)
  if (text === undefined) return `#${value.whole.toString('hex')}`
  return text
    .replace(/[\t\n\v\f\r ]+/g, ' ')
    .replace(/^ | $/g, '')
    .replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

function decodeString(tag: number, content: Buffer): string | undefined {
  switch (tag) {
    case TAG.utf8String:
      return content.toString('utf8')
    case TAG.printableString:
    case TAG.ia5String:
    case TAG.visibleString:
    case TAG.t61String:
      return content.toString('latin1')
    case TAG.bmpString:
      return content.length % 2 === 0 ? Buffer.from(content).swap16().toString('utf16le') : undefined
    case TAG.universalString:
      return decodeUniversal(content)
    default:
      return undefined
  }
}

/** UCS-4, big end first. */
function decodeUniversal(content: Buffer): string | undefined {
  if (content.length % 4 !== 0) return undefined
  const points = Array.from({ length: content.length / 4 }, (_, index) => content.readUInt32BE(index * 4))
  if (points.some((point) => point > 0x10_ffff)) return undefined
  return points.map((point) => String.fromCodePoint(point)).join('')
}

/** The forms of `GeneralName` that name constraints speak about; the others are kept by their tag alone. */
export type GeneralName =
  | { readonly form: 'dns'; readonly value: string }
  | { readonly form: 'ip'; readonly value: Buffer }
  | { readonly form: 'directory'; readonly value: ComparableName }
  | { readonly form: 'email'; readonly value: string }
  | { readonly form: 'uri'; readonly value: string }
  | { readonly form: 'other'; readonly tag: number }

/** Reads one `GeneralName` (RFC 5280 section 4.2.1.6). */
export function readGeneralName(value: DerValue): GeneralName {
  switch (value.tag) {
    case contextTag(1, 'primitive'):
      return { form: 'email', value: value.content.toString('latin1') }
    case contextTag(2, 'primitive'):
      return { form: 'dns', value: value.content.toString('latin1').toLowerCase() }
    case contextTag(4, 'constructed'):
      return { form: 'directory', value: readName(value.content) }
    case contextTag(6, 'primitive'):
      return { form: 'uri', value: value.content.toString('latin1') }
    case contextTag(7, 'primitive'):
      return { form: 'ip', value: value.content }
    default:
      return { form: 'other', tag: value.tag }
  }
}
