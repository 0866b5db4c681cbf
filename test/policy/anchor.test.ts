import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, test } from 'node:test'
import { rootCertificates } from 'node:tls'
import { parseAnchor } from '../../lib/policy/anchor.ts'

const ROOT = String(rootCertificates[0]).trim()
const OTHER = String(rootCertificates[1]).trim()

describe('an anchor', () => {
  test('is one certificate in PEM, without the white space around it', () => {
    assert.equal(parseAnchor(`\n  ${ROOT}\r\n`, 'anchor'), ROOT)
    assert.ok(new X509Certificate(parseAnchor(ROOT.replaceAll('\n', '\r\n'), 'anchor')))
  })

  for (const [name, input, message] of [
    ['two certificates', `${ROOT}\n${OTHER}`, /several PEM blocks/],
    ['a certificate and its private key', `${ROOT}\n-----BEGIN PRIVATE KEY-----\n`, /private key/],
    ['a private key', '-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----', /private key/],
    ['another kind of block', ROOT.replaceAll('CERTIFICATE', 'TRUSTED CERTIFICATE'), /not a certificate in PEM/],
    ['text around the certificate', `subject=CN\n${ROOT}`, /not a certificate in PEM/],
    ['a certificate cut short', ROOT.slice(0, 400), /not a certificate in PEM/],
    ['a damaged certificate', ROOT.replace(/\n.{20}/, `\n${'A'.repeat(20)}`), /can be read/],
    ['a certificate whose line ends were lost', ROOT.replaceAll('\n', ' '), /can be read/],
    ['base64 alone', ROOT.split('\n').slice(1, -1).join('\n'), /not a certificate in PEM/],
    ['nothing', '', /not a certificate in PEM/],
    ['bytes', Buffer.from(ROOT), /is an object/],
  ] as const) {
    test(`is not ${name}`, () => {
      assert.throws(() => parseAnchor(input, 'anchor'), { code: 'ERR_POLICY_MALFORMED', message })
    })
  }
})
