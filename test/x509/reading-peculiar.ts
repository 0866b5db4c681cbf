/**
 * What `@peculiar/x509` and its ASN.1 schemas say about a certificate.
 */

import 'reflect-metadata'
import { createHash } from 'node:crypto'
import { AsnConvert } from '@peculiar/asn1-schema'
import { Certificate, type GeneralName, type GeneralSubtrees, type Name, NameConstraints } from '@peculiar/asn1-x509'
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509Certificate,
} from '@peculiar/x509'
import { type Reading, relativeName, second, subtreeText } from './reading.ts'

const SERVER_USAGES = ['1.3.6.1.5.5.7.3.1', '2.5.29.37.0']

export function readingByPeculiar(der: Buffer): Reading {
  const certificate = new X509Certificate(der)
  const { issuer, subject } = AsnConvert.parse(der, Certificate).tbsCertificate
  const basicConstraints = certificate.getExtension(BasicConstraintsExtension)
  const keyUsage = certificate.getExtension(KeyUsagesExtension)
  const usages = certificate.getExtension(ExtendedKeyUsageExtension)?.usages
  const names = certificate.getExtension(SubjectAlternativeNameExtension)?.names.items ?? []
  const constraints = certificate.getExtension('2.5.29.30')
  const subtrees = constraints && AsnConvert.parse(constraints.value, NameConstraints)
  return {
    keyHash: createHash('sha256').update(Buffer.from(certificate.publicKey.rawData)).digest('base64'),
    issuer: distinguishedName(issuer),
    subject: distinguishedName(subject),
    notBefore: second(certificate.notBefore),
    notAfter: second(certificate.notAfter),
    isCa: basicConstraints?.ca ?? false,
    pathLength: basicConstraints?.pathLength,
    maySignCertificates: keyUsage === null || (keyUsage.usages & KeyUsageFlags.keyCertSign) !== 0,
    mayServeTls: usages === undefined || usages.some((usage) => SERVER_USAGES.includes(String(usage))),
    dnsNames: names.filter(({ type }) => type === 'dns').map(({ value }) => `DNS:${value.toLowerCase()}`),
    permitted: textsOf(subtrees?.permittedSubtrees),
    excluded: textsOf(subtrees?.excludedSubtrees),
  }
}

function distinguishedName(name: Name): string[] {
  return Array.from(name, (relative) =>
    relativeName(Array.from(relative, ({ type, value }) => [type, value.toString()] as const)),
  )
}

function textsOf(subtrees: GeneralSubtrees | undefined): string[] {
  return Array.from(subtrees ?? [], ({ base }) => textOf(base))
}

function textOf(name: GeneralName): string {
  if (name.dNSName !== undefined) return subtreeText('DNS', name.dNSName)
  // The tag and the length of an address range are one byte each.
  if (name.iPAddress !== undefined) return subtreeText('IP', Buffer.from(AsnConvert.serialize(name)).subarray(2))
  if (name.directoryName !== undefined) return subtreeText('DirName')
  if (name.rfc822Name !== undefined) return subtreeText('email')
  return name.uniformResourceIdentifier === undefined ? subtreeText('other') : subtreeText('URI')
}
