/**
 * A partner whose hosts have one fault each, as real TLS servers on 127.0.0.1, and what authorities publish beside them.
 */

import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { createServer } from 'node:tls'
import { AsnConvert } from '@peculiar/asn1-schema'
import {
  AccessDescription,
  AuthorityInfoAccessSyntax,
  Certificate,
  CertificateList,
  CRLDistributionPoints,
  DistributionPoint,
  DistributionPointName,
  GeneralName,
  RevokedCertificate,
  TBSCertList,
  Time,
  Version,
} from '@peculiar/asn1-x509'
import { type Held, intermediateOf, presented, rootAuthority } from '../support/authority.ts'
import type { RawExtension } from '../support/certificate-extensions.ts'
import { signerOf } from '../support/key-pair.ts'
import { listen } from '../support/listen.ts'
import { startTlsServer } from '../support/tls-server.ts'
import { openssl } from './openssl.ts'
import { type PlayOptions, runCommand } from './transcript.ts'

export const DAY_MS = 86_400_000
export const HOST = 'api.partner.test'

const notBefore = new Date(Date.now() - 1000 * DAY_MS)
export const root = await rootAuthority('Partner Root', { notBefore })
export const issuer = await intermediateOf(root, 'Partner Issuing CA 3', { notBefore })

interface Check {
  readonly check: string
  readonly state: 'ok' | 'warn' | 'fail' | 'skip'
  readonly text: string
  readonly todo?: string
}

export interface Report {
  readonly cause: { readonly check: string; readonly text: string } | null
  readonly checks: readonly Check[]
  /** By the name of the check. */
  readonly states: Readonly<Record<string, Check['state']>>
  readonly exitCode: number
  readonly stdout: string
}

/** A folder with the root in `root.pem`, where `doctor` runs. */
export async function consultation(t: TestContext, files: Readonly<Record<string, string | Buffer>> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'pinned-fetch-doctor-'))
  t.after(() => rm(folder, { recursive: true }))
  const all = { 'root.pem': root.certificate, ...files }
  for (const [name, content] of Object.entries(all)) writeFileSync(join(folder, name), content)
  const run = (line: string, options: PlayOptions = {}) => runCommand(`pinned-fetch doctor ${line}`, folder, options)
  const doctor = async (line: string, options: PlayOptions = {}): Promise<Report> => {
    const { stdout, stderr, exitCode } = await run(`${line} --ca root.pem --json`, options)
    if (stdout === '') throw new Error(stderr)
    const { cause, checks } = JSON.parse(stdout) as Pick<Report, 'cause' | 'checks'>
    return {
      cause,
      checks,
      states: Object.fromEntries(checks.map(({ check, state }) => [check, state])),
      exitCode,
      stdout,
    }
  }
  return { folder, run, doctor }
}

/** That the report names the fault, first, and what to do about it. */
export function names(report: Report, cause: string, text: RegExp): void {
  assert.equal(report.cause?.check, cause, report.stdout)
  assert.match(report.cause.text, text)
  assert.equal(report.exitCode, 1)
  const todo = report.checks.find(({ check }) => check === cause)?.todo
  assert.ok(todo !== undefined && todo.length > 10, 'it says what to do')
}

/** A server that shows a leaf, with its issuer unless others are given. */
export async function serve(t: TestContext, leaf: Held, others: readonly Held[] = [issuer]) {
  const server = await startTlsServer(presented(leaf, ...others))
  t.after(() => server.close())
  return { ...server, at: `${HOST} --address 127.0.0.1:${server.port}` }
}

export function pinning(...pins: readonly string[]): string {
  return JSON.stringify({ version: 1, hosts: { [HOST]: { pins } } })
}

/** Where the list of a certificate is (RFC 5280 section 4.2.1.13). */
export function listAt(url: string): RawExtension {
  const fullName = [new GeneralName({ uniformResourceIdentifier: url })]
  const point = new DistributionPoint({ distributionPoint: new DistributionPointName({ fullName }) })
  return extension('2.5.29.31', new CRLDistributionPoints([point]))
}

/** Where the issuer of a certificate is (RFC 5280 section 4.2.2.1). */
export function issuerAt(url: string): RawExtension {
  const accessLocation = new GeneralName({ uniformResourceIdentifier: url })
  const description = new AccessDescription({ accessMethod: '1.3.6.1.5.5.7.48.2', accessLocation })
  return extension('1.3.6.1.5.5.7.1.1', new AuthorityInfoAccessSyntax([description]))
}

/** A list of one authority, in PEM. @param signWith another's key: a list that must not be believed */
export function revocationList(by: Held, revoked: readonly Held[], signWith: Held = by): string {
  const { algorithm, sign } = signerOf(signWith.keys)
  const now = Date.now()
  const body = new TBSCertList({
    version: Version.v2,
    signature: algorithm,
    issuer: AsnConvert.parse(by.der, Certificate).tbsCertificate.subject,
    thisUpdate: new Time(new Date(now - DAY_MS)),
    nextUpdate: new Time(new Date(now + DAY_MS)),
    ...(revoked.length === 0 ? {} : { revokedCertificates: revoked.map((held) => revocationOf(held, now)) }),
  })
  const signature = sign(Buffer.from(AsnConvert.serialize(body)))
  const list = new CertificateList({
    tbsCertList: body,
    signatureAlgorithm: algorithm,
    signature: Uint8Array.from(signature).buffer,
  })
  const base64 = Buffer.from(AsnConvert.serialize(list)).toString('base64')
  return `-----BEGIN X509 CRL-----\n${base64}\n-----END X509 CRL-----\n`
}

function revocationOf({ der }: Held, now: number): RevokedCertificate {
  const { serialNumber: userCertificate } = AsnConvert.parse(der, Certificate).tbsCertificate
  return new RevokedCertificate({ userCertificate, revocationDate: new Time(new Date(now - DAY_MS)) })
}

function extension(oid: string, value: unknown): RawExtension {
  return { oid, critical: false, der: new Uint8Array(AsnConvert.serialize(value)) }
}

/** What openssl as an OCSP responder says of a certificate (`V`: good, `R`: revoked), in DER. */
export function stapleOf(folder: string, held: Held, status: 'V' | 'R', signer = issuer): Buffer {
  const { serialNumber } = new X509Certificate(held.der)
  // The index of `openssl ca`: status, end, revocation, serial, file, subject.
  const line = [status, '491231235959Z', status === 'R' ? '260101000000Z' : '', serialNumber, 'unknown', '/CN=x']
  const files = {
    index: `${line.join('\t')}\n`,
    issuer: issuer.certificate,
    signer: signer.certificate,
    key: signer.privateKey,
    leaf: held.certificate,
  }
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
  const path = (name: string) => join(folder, name)
  const responder = ['-index', path('index'), '-CA', path('issuer'), '-rsigner', path('signer'), '-rkey', path('key')]
  const question = [
    '-issuer',
    path('issuer'),
    '-cert',
    path('leaf'),
    '-ndays',
    '1',
    '-respout',
    path('staple'),
    '-noverify',
  ]
  openssl(['ocsp', ...responder, ...question])
  return readFileSync(path('staple'))
}

/** A server that staples, as the kit's does not. @returns its port */
export async function stapling(t: TestContext, leaf: Held, staple: Buffer): Promise<number> {
  const { key, chain } = presented(leaf, issuer)
  const server = createServer({ key, cert: chain.join('\n') })
  server.on('OCSPRequest', (_certificate, _issuer, answer) => answer(null, staple))
  server.on('tlsClientError', () => undefined)
  t.after(() => server.close())
  return await listen(server)
}
