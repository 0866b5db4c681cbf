/**
 * What three readers say about one certificate, in one shape, so that they can be held against each other: ours here,
 * OpenSSL's in reading-openssl.ts, `@peculiar/x509`'s in reading-peculiar.ts.
 *
 * Names of people and companies are compared folded in case and white space, as path validation compares them.
 */

import { X509Certificate } from 'node:crypto'
import { Certificate } from '../../lib/x509/certificate.ts'
import type { GeneralName } from '../../lib/x509/name.ts'

export interface Reading {
  /** Base64 SHA-256 of the SubjectPublicKeyInfo. */
  readonly keyHash: string
  readonly issuer: readonly string[]
  readonly subject: readonly string[]
  /** ISO 8601, to the second. */
  readonly notBefore: string
  readonly notAfter: string
  readonly isCa: boolean
  readonly pathLength: number | undefined
  readonly maySignCertificates: boolean
  readonly mayServeTls: boolean
  /** `DNS:…` alone: the form that OpenSSL prints without loss. */
  readonly dnsNames: readonly string[]
  /** Each as {@link subtreeText} writes it. */
  readonly permitted: readonly string[]
  readonly excluded: readonly string[]
}

export function readingByUs(der: Buffer): Reading {
  const certificate = new Certificate(new X509Certificate(der))
  return {
    keyHash: certificate.keyHash,
    issuer: certificate.issuer,
    subject: certificate.subject,
    notBefore: second(certificate.notBefore),
    notAfter: second(certificate.notAfter - 999),
    isCa: certificate.isCa,
    pathLength: certificate.pathLength,
    maySignCertificates: certificate.maySignCertificates,
    mayServeTls: certificate.mayServeTls,
    dnsNames: (certificate.names ?? []).flatMap((name) => (name.form === 'dns' ? [`DNS:${name.value}`] : [])),
    permitted: (certificate.nameConstraints?.permitted ?? []).map(textOf),
    excluded: (certificate.nameConstraints?.excluded ?? []).map(textOf),
  }
}

/** One relative name of a distinguished name, as our reader writes it. */
export function relativeName(attributes: readonly (readonly [type: string, value: string])[]): string {
  return JSON.stringify(attributes.map(([type, value]) => `${type}=${folded(value)}`).sort())
}

/** An address and its mask; of a form without a plain text, the form alone. */
export function subtreeText(
  form: 'DNS' | 'IP' | 'DirName' | 'email' | 'URI' | 'other',
  value?: string | Buffer,
): string {
  if (value === undefined) return form
  if (typeof value === 'string') return `${form}:${value.toLowerCase()}`
  const half = value.length / 2
  return `${form}:${value.subarray(0, half).toString('hex')}/${value.subarray(half).toString('hex')}`
}

export function second(time: number | Date): string {
  return new Date(time).toISOString().replace('.000Z', 'Z')
}

function folded(value: string): string {
  return value
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}

function textOf(name: GeneralName): string {
  switch (name.form) {
    case 'dns':
      return subtreeText('DNS', name.value)
    case 'ip':
      return subtreeText('IP', name.value)
    case 'directory':
      return subtreeText('DirName')
    case 'email':
      return subtreeText('email')
    case 'uri':
      return subtreeText('URI')
    case 'other':
      return subtreeText('other')
  }
}
