import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { generateKeys, pinOf } from '../support/authority.ts'
import { startKmsEndpoint } from '../support/kms-endpoint.ts'
import { NO_OPENSSL, openssl } from './openssl.ts'
import { playTranscript, runCommand } from './transcript.ts'

const now = () => Date.UTC(2026, 10, 25, 12)

describe('pinned-fetch backup-key', () => {
  it('backup-key.txt', () => playTranscript(new URL('backup-key.txt', import.meta.url), { now }))

  const folder = mkdtempSync(join(tmpdir(), 'pinned-fetch-backup-'))
  after(() => rmSync(folder, { recursive: true }))

  for (const type of ['p256', 'p384', 'rsa3072', 'ed25519'] as const) {
    it(`makes a key of ${type}: the request is for it, and nobody else may read it`, { skip: NO_OPENSSL }, async () => {
      const said = await runCommand(
        `pinned-fetch backup-key api.partner.example *.partner.example 2001:db8::1 --type ${type} --out ${type} --json`,
        folder,
        { now },
      )
      assert.equal(said.exitCode, 0, said.stderr)
      const { pin } = JSON.parse(said.stdout)
      const pem = readFileSync(join(folder, `${type}.key.pem`), 'utf8')
      const privateKey = createPrivateKey(pem)
      const publicKey = createPublicKey(privateKey)
      assert.equal(pin, pinOf(publicKey))
      assert.ok(verify(null, Buffer.from('x'), publicKey, sign(null, Buffer.from('x'), privateKey)))
      assert.equal(statSync(join(folder, `${type}.key.pem`)).mode & 0o777, 0o600)

      const request = join(folder, `${type}.csr.pem`)
      const read = openssl(['req', '-in', request, '-noout', '-verify', '-text']).toString()
      assert.match(read, /Subject: CN ?= ?api\.partner\.example\n/)
      assert.match(read, /DNS:api\.partner\.example, DNS:\*\.partner\.example, IP Address:2001:DB8:0:0:0:0:0:1\n/)
      const key = openssl(['req', '-in', request, '-noout', '-pubkey']).toString()
      assert.equal(pinOf(createPublicKey(key)), pin)

      // No line of the private key, nor the start of one, was told.
      for (const line of pem.split('\n').filter((one) => /^[A-Za-z0-9+/=]{16,}$/.test(one))) {
        assert.ok(!`${said.stdout}${said.stderr}`.includes(line.slice(0, 16)), 'the private key was printed')
      }
    })
  }
})

describe('pinned-fetch backup-key --kms', () => {
  it('backup-key-kms.txt', async () => {
    const key = await generateKeys('p256')
    const kms = await startKmsEndpoint(key)
    after(() => kms.close())
    const pin = pinOf(key.publicKey)
    await playTranscript(new URL('backup-key-kms.txt', import.meta.url), {
      variables: { KMS_PIN: pin, KMS_DIGEST: pin.slice('sha256/'.length) },
      env: kms.environment,
    })
    assert.deepEqual([...new Set(kms.targets)], ['TrentService.GetPublicKey'])
  })
})
