/**
 * Name constraints: which names a CA may speak for (RFC 5280 sections 4.2.1.10 and 6.1.4).
 *
 * OpenSSL checks them on the one path it chose. We accept a pin on any verified path, so we check them on every path:
 * a constrained sub-CA of a pinned root must not vouch for a name outside its subtrees.
 *
 * DNS names, IP addresses and directory names are compared. A constraint on another form refuses a certificate that
 * holds a name of that form, since it can't be shown to be inside.
 */

import { contextTag, DerError, type DerValue, readDer, TAG } from './der.ts'
import { type GeneralName, isWithin, readGeneralName } from './name.ts'

export interface NameConstraints {
  readonly permitted: readonly GeneralName[]
  readonly excluded: readonly GeneralName[]
}

/** Reads the extension's value. Minimum and maximum must be absent, as RFC 5280 demands. */
export function readNameConstraints(extension: Buffer): NameConstraints {
  const fields = readDer(extension, TAG.sequence).fields
  const permitted = readSubtrees(fields.readOptional(contextTag(0, 'constructed')))
  const excluded = readSubtrees(fields.readOptional(contextTag(1, 'constructed')))
  fields.end()
  if (permitted.length + excluded.length === 0) throw new DerError('name constraints without a subtree')
  return { permitted, excluded }
}

/** The first of `names` that the constraints forbid, or `undefined` when all are allowed. */
export function forbiddenName(
  { permitted, excluded }: NameConstraints,
  names: readonly GeneralName[],
): GeneralName | undefined {
  return names.find((name) => {
    if (excluded.some((subtree) => sameForm(subtree, name) && touches(name, subtree))) return true
    const allowed = permitted.filter((subtree) => sameForm(subtree, name))
    return allowed.length > 0 && !allowed.some((subtree) => liesIn(name, subtree))
  })
}

function readSubtrees(value: DerValue | undefined): GeneralName[] {
  if (value === undefined) return []
  const subtrees: GeneralName[] = []
  for (const subtree of value.fields.rest()) {
    const fields = subtree.fields
    const name = readGeneralName(fields.read())
    fields.end()
    if (name.form === 'ip') checkAddressRange(name.value)
    subtrees.push(name)
  }
  return subtrees
}

function sameForm(left: GeneralName, right: GeneralName): boolean {
  if (left.form === 'other') return right.form === 'other' && left.tag === right.tag
  return left.form === right.form
}

function liesIn(name: GeneralName, subtree: GeneralName): boolean {
  if (name.form === 'dns' && subtree.form === 'dns') return dnsWithin(name.value, subtree.value)
  if (name.form === 'ip' && subtree.form === 'ip') return addressWithin(name.value, subtree.value)
  if (name.form === 'directory' && subtree.form === 'directory') return isWithin(name.value, subtree.value)
  return false
}

/** Whether any instance of `name` is in the excluded subtree: `*.example.com` touches an excluded `a.example.com`. */
function touches(name: GeneralName, subtree: GeneralName): boolean {
  if (liesIn(name, subtree)) return true
  if (name.form === 'dns' && subtree.form === 'dns') {
    return name.value.startsWith('*.') && dnsWithin(subtree.value.replace(/^\./, ''), name.value.slice(2))
  }
  return name.form !== 'ip' && name.form !== 'directory'
}

/** A subtree covers itself and everything below; a leading dot, which OpenSSL allows, only what is below. */
function dnsWithin(name: string, base: string): boolean {
  if (base === '') return true
  if (base.startsWith('.')) return name.endsWith(base)
  return name === base || name.endsWith(`.${base}`)
}

function addressWithin(address: Buffer, range: Buffer): boolean {
  const size = range.length / 2
  return (
    address.length === size &&
    address.every((byte, index) => {
      const mask = range[size + index] ?? 0
      return (byte & mask) === ((range[index] ?? 0) & mask)
    })
  )
}

/** An address and a mask of the same size; the mask is a prefix (RFC 4632). */
function checkAddressRange(range: Buffer): void {
  if (range.length !== 8 && range.length !== 32) throw new DerError('an address range of the wrong size')
  const mask = range.subarray(range.length / 2)
  const bits = Array.from(mask, (byte) => byte.toString(2).padStart(8, '0')).join('')
  if (!/^1*0*$/.test(bits)) throw new DerError('an address mask with a hole')
}
