/**
 * What `openssl x509 -text -pubkey` prints about a certificate, read back.
 */

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { type Reading, relativeName, second, subtreeText } from './reading.ts'

const PUBLIC_KEY = /-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----/

export async function readingByOpenssl(pem: string): Promise<Reading> {
  const text = await opensslText(pem)
  const basicConstraints = extension(text, 'Basic Constraints')
  const keyUsage = extension(text, 'Key Usage')
  const extendedKeyUsage = extension(text, 'Extended Key Usage')
  const pathLength = /pathlen:(\d+)/.exec(basicConstraints ?? '')?.[1]
  return {
    keyHash: keyHashOf(PUBLIC_KEY.exec(text)?.[0] ?? ''),
    issuer: distinguishedName(text, 'Issuer'),
    subject: distinguishedName(text, 'Subject'),
    notBefore: date(text, 'Not Before'),
    notAfter: date(text, 'Not After '),
    isCa: basicConstraints?.includes('CA:TRUE') ?? false,
    pathLength: pathLength === undefined ? undefined : Number(pathLength),
    maySignCertificates: keyUsage?.includes('Certificate Sign') ?? true,
    mayServeTls: /TLS Web Server Authentication|Any Extended Key Usage/.test(
      extendedKeyUsage ?? 'Any Extended Key Usage',
    ),
    dnsNames: (extension(text, 'Subject Alternative Name') ?? '')
      .split(', ')
      .filter((name) => name.startsWith('DNS:'))
      .map((name) => `DNS:${name.slice(4).toLowerCase()}`),
    ...nameConstraints(text),
  }
}

function opensslText(pem: string): Promise<string> {
  const options = ['-noout', '-text', '-pubkey', '-nameopt', 'oid,utf8,sep_multiline']
  return new Promise((resolve, reject) => {
    const openssl = execFile('openssl', ['x509', ...options], (error, stdout) =>
      error ? reject(error) : resolve(stdout),
    )
    openssl.stdin?.end(pem)
  })
}

/** The key as OpenSSL cut it out of the certificate. */
function keyHashOf(pem: string): string {
  const spki = Buffer.from(pem.replace(/-----.*-----/g, ''), 'base64')
  return createHash('sha256').update(spki).digest('base64')
}

function distinguishedName(text: string, which: 'Issuer' | 'Subject'): string[] {
  const lines = new RegExp(`^        ${which}:[^\\n]*\\n((?:            \\d[^\\n]*\\n)*)`, 'm').exec(text)?.[1] ?? ''
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => relativeName(line.trimStart().split(' + ').map(attribute)))
}

function attribute(text: string): readonly [type: string, value: string] {
  const at = text.indexOf('=')
  return [text.slice(0, at), text.slice(at + 1)]
}

function date(text: string, which: string): string {
  return second(new Date(new RegExp(`${which}: (.*)`).exec(text)?.[1] ?? ''))
}

function extension(text: string, name: string): string | undefined {
  return new RegExp(`^            X509v3 ${name}:[^\\n]*\\n((?:                [^\\n]*\\n)*)`, 'm')
    .exec(text)?.[1]
    ?.trim()
}

function nameConstraints(text: string): Pick<Reading, 'permitted' | 'excluded'> {
  const lists = { permitted: [] as string[], excluded: [] as string[] }
  let list = lists.permitted
  for (const line of (extension(text, 'Name Constraints') ?? '').split('\n')) {
    const entry = line.trim()
    if (entry === 'Permitted:') list = lists.permitted
    else if (entry === 'Excluded:') list = lists.excluded
    else if (entry !== '') list.push(subtree(entry))
  }
  return lists
}

function subtree(entry: string): string {
  const [form = '', ...rest] = entry.split(':')
  const value = rest.join(':')
  if (form === 'DNS') return subtreeText('DNS', value)
  if (form === 'IP') return subtreeText('IP', Buffer.from(value.split('/').map(addressHex).join(''), 'hex'))
  return form === 'DirName' || form === 'email' || form === 'URI' ? subtreeText(form) : subtreeText('other')
}

function addressHex(address: string): string {
  if (!address.includes(':')) return Buffer.from(address.split('.').map(Number)).toString('hex')
  return address
    .split(':')
    .map((group) => group.padStart(4, '0'))
    .join('')
}
