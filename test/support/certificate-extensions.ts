/**
 * The extensions of a minted certificate (RFC 5280 section 4.2), honest by default and able to lie where a test asks.
 */

import { createHash } from 'node:crypto'
import { isIP } from 'node:net'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import {
  AuthorityKeyIdentifier,
  BasicConstraints,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  GeneralSubtree,
  GeneralSubtrees,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  NameConstraints,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  type SubjectPublicKeyInfo,
} from '@peculiar/asn1-x509'

export interface RawExtension {
  readonly oid: string
  readonly critical: boolean
  readonly der: Uint8Array
}

export interface ConstrainedNames {
  /** DNS names ("a.example", also below it), or address ranges ("10.0.0.0/8"). */
  readonly permitted?: readonly string[]
  readonly excluded?: readonly string[]
}

/** What the extensions say, with every default already filled in. */
export interface ExtensionContent {
  /** Unset: no basicConstraints at all; false: present, without the CA bit. */
  readonly ca?: boolean | undefined
  readonly pathLength?: number | undefined
  readonly keyUsage?: number | undefined
  readonly extendedKeyUsage: readonly string[]
  readonly names: readonly string[]
  readonly authorityKeyId?: Uint8Array | undefined
  readonly subjectKeyId?: Uint8Array | undefined
  readonly nameConstraints?: ConstrainedNames | undefined
  readonly extra: readonly RawExtension[]
}

export const SERVER_AUTHENTICATION = '1.3.6.1.5.5.7.3.1'
export const CLIENT_AUTHENTICATION = '1.3.6.1.5.5.7.3.2'

const OID = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
} as const

export function extensionsOf(content: ExtensionContent): Extensions {
  const { ca, pathLength, keyUsage, extendedKeyUsage, names, authorityKeyId, subjectKeyId, nameConstraints } = content
  const list: Extension[] = []
  if (ca !== undefined) {
    const basic = new BasicConstraints({
      cA: ca,
      ...(pathLength === undefined ? {} : { pathLenConstraint: pathLength }),
    })
    list.push(extension(OID.basicConstraints, true, basic))
  }
  if (keyUsage !== undefined) list.push(extension(OID.keyUsage, true, new KeyUsage(keyUsage)))
  if (extendedKeyUsage.length > 0) {
    list.push(extension(OID.extendedKeyUsage, false, new ExtendedKeyUsage([...extendedKeyUsage])))
  }
  if (names.length > 0) {
    list.push(extension(OID.subjectAltName, false, new SubjectAlternativeName(names.map(alternativeName))))
  }
  if (subjectKeyId) list.push(extension(OID.subjectKeyIdentifier, false, new SubjectKeyIdentifier(subjectKeyId)))
  if (authorityKeyId) {
    const keyIdentifier = new KeyIdentifier(authorityKeyId)
    list.push(extension(OID.authorityKeyIdentifier, false, new AuthorityKeyIdentifier({ keyIdentifier })))
  }
  if (nameConstraints) list.push(extension(OID.nameConstraints, true, constraintsOf(nameConstraints)))
  for (const raw of content.extra) list.push(rawExtension(raw))
  return new Extensions(list)
}

export function defaultKeyUsage(ca: boolean | undefined): number {
  return ca
    ? KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign | KeyUsageFlags.digitalSignature
    : KeyUsageFlags.digitalSignature
}

/** RFC 5280 section 4.2.1.2, method 1: SHA-1 of the public key's bits. */
export function defaultSubjectKeyId(publicKeyInfo: SubjectPublicKeyInfo): Buffer {
  return createHash('sha1').update(Buffer.from(publicKeyInfo.subjectPublicKey)).digest()
}

/** The subject key id that a certificate states, if it states one. */
export function statedSubjectKeyId(extensions: Extensions | undefined): Buffer | undefined {
  const stated = extensions?.find((candidate) => candidate.extnID === OID.subjectKeyIdentifier)
  return stated && Buffer.from(AsnConvert.parse(stated.extnValue.buffer, SubjectKeyIdentifier).buffer)
}

function extension(oid: string, critical: boolean, value: object): Extension {
  return new Extension({ extnID: oid, critical, extnValue: new OctetString(AsnConvert.serialize(value)) })
}

function rawExtension({ oid, critical, der }: RawExtension): Extension {
  return new Extension({ extnID: oid, critical, extnValue: new OctetString(der) })
}

function alternativeName(name: string): GeneralName {
  return isIP(name) === 0 ? new GeneralName({ dNSName: name }) : new GeneralName({ iPAddress: name })
}

function constraintsOf({ permitted, excluded }: ConstrainedNames): NameConstraints {
  return new NameConstraints({
    ...(permitted ? { permittedSubtrees: new GeneralSubtrees(permitted.map(subtree)) } : {}),
    ...(excluded ? { excludedSubtrees: new GeneralSubtrees(excluded.map(subtree)) } : {}),
  })
}

function subtree(name: string): GeneralSubtree {
  const base = name.includes('/') ? new GeneralName({ iPAddress: name }) : new GeneralName({ dNSName: name })
  return new GeneralSubtree({ base })
}
