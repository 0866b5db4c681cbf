/**
 * Every form in which openssl writes a key or certificate: one pin for all of them.
 */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { type Held, intermediateOf, leafOf, rootAuthority } from '../support/authority.ts'
import { NO_OPENSSL, openssl } from './openssl.ts'
import { runCommand } from './transcript.ts'

const PASSWORD = 'correct horse'
const folder = mkdtempSync(join(tmpdir(), 'pinned-fetch-forms-'))
after(() => rmSync(folder, { recursive: true }))

const root = await rootAuthority('Form Root')
const issuing = await intermediateOf(root, 'Form CA')

/** Files and the openssl command that makes each of `key.pem` and `leaf.pem`. */
const FORMS: Readonly<Record<string, string>> = {
  'certificate.der': 'x509 -in leaf.pem -outform der',
  'public.pem': 'pkey -in key.pem -pubout',
  'public.der': 'pkey -in key.pem -pubout -outform der',
  'private.der': 'pkey -in key.pem -outform der',
  'traditional.pem': 'pkey -in key.pem -traditional',
  'traditional.der': 'pkey -in key.pem -traditional -outform der',
  'encrypted.pem': 'pkey -in key.pem -aes256 -passout env:PINNED_FETCH_PASSWORD',
  'encrypted.der': 'pkcs8 -topk8 -in key.pem -outform der -passout env:PINNED_FETCH_PASSWORD',
  'traditional-encrypted.pem': 'pkey -in key.pem -traditional -aes256 -passout env:PINNED_FETCH_PASSWORD',
  'request.pem': 'req -new -key key.pem -subj /CN=api.partner.example',
  'request.der': 'req -new -key key.pem -subj /CN=api.partner.example -outform der',
  'all.p12': 'pkcs12 -export -in leaf.pem -inkey key.pem -certfile others.pem -passout env:PINNED_FETCH_PASSWORD',
}

/** What Node can't read, and what is told instead. */
const UNREADABLE: Readonly<Record<string, readonly [command: string, told: RegExp]>> = {
  'legacy.p12': [
    'pkcs12 -export -legacy -in leaf.pem -inkey key.pem -passout env:PINNED_FETCH_PASSWORD',
    /encrypted in a way that Node does not read any more .*\nhint: .* -legacy/,
  ],
  'without-key.p12': [
    'pkcs12 -export -nokeys -in leaf.pem -passout env:PINNED_FETCH_PASSWORD',
    /no private key, .*\nhint: .*openssl pkcs12 -nokeys/,
  ],
  'signed.p7b.pem': ['crl2pkcs7 -nocrl -certfile leaf.pem', /block "PKCS7".*\nhint: .*openssl pkcs7 -print_certs/],
}

for (const kind of ['p256', 'rsa2048', 'ed25519'] as const) {
  describe(`the pin of a key of ${kind}`, { skip: NO_OPENSSL }, async () => {
    const leaf = await leafOf(issuing, ['api.partner.example'], { kind })
    for (const [name, command] of Object.entries(FORMS)) {
      // Ed25519 has no older form.
      if (kind === 'ed25519' && name.startsWith('traditional')) continue
      it(`is the same in ${name}`, async () => {
        make(leaf, name, command)
        const { stdout, stderr } = await pin(`${name} --json`, { PINNED_FETCH_PASSWORD: PASSWORD })
        assert.equal(stderr, '')
        const pins = (JSON.parse(stdout) as { pin: string }[]).map(({ pin }) => pin)
        assert.deepEqual(pins, name.endsWith('.p12') ? [leaf.pin, issuing.pin, root.pin] : [leaf.pin])
      })
    }
  })
}

describe('what needs a password', { skip: NO_OPENSSL }, async () => {
  const leaf = await leafOf(issuing, ['api.partner.example'])
  writeFileSync(join(folder, 'right'), `${PASSWORD}\n`)
  writeFileSync(join(folder, 'wrong'), 'battery staple\n')

  for (const name of ['encrypted.pem', 'encrypted.der', 'traditional-encrypted.pem', 'all.p12']) {
    it(`${name} takes it from a file, and says when it is wrong or missing`, async () => {
      make(leaf, name, FORMS[name] ?? '')
      assert.equal((await pin(`${name} --password-file right`)).exitCode, 0)
      for (const words of [name, `${name} --password-file wrong`]) {
        const { stdout, stderr, exitCode } = await pin(words)
        assert.deepEqual([stdout, exitCode], ['', 3])
        assert.match(stderr, /(needs a password|password is wrong).*\nhint: give .*by --password-file/)
        assert.doesNotMatch(stderr, /battery|PRIVATE KEY-/)
      }
    })
  }

  it('a password file that is not there is an error', async () => {
    assert.match((await pin('right --password-file nowhere')).stderr, /^error: --password-file nowhere: there is no/)
  })
})

describe('what cannot be read says how to get at the pins', { skip: NO_OPENSSL }, async () => {
  const leaf = await leafOf(issuing, ['api.partner.example'])
  for (const [name, [command, told]] of Object.entries(UNREADABLE)) {
    it(name, async () => {
      make(leaf, name, command)
      const { stderr, exitCode } = await pin(name, { PINNED_FETCH_PASSWORD: PASSWORD })
      assert.match(stderr, told)
      assert.equal(exitCode, 3)
    })
  }
})

/** Lets openssl write a file. */
function make(leaf: Held, name: string, command: string): void {
  const inputs = {
    'leaf.pem': leaf.certificate,
    'key.pem': leaf.privateKey,
    'others.pem': `${issuing.certificate}\n${root.certificate}`,
  }
  for (const [input, text] of Object.entries(inputs)) writeFileSync(join(folder, input), text)
  const words = command
    .split(' ')
    .map((word) => (Object.hasOwn(inputs, word) ? join(folder, word) : word.replace(/^env:.*/, `pass:${PASSWORD}`)))
  writeFileSync(join(folder, name), openssl(words))
}

function pin(words: string, env: Record<string, string> = {}) {
  return runCommand(`pinned-fetch pin ${words}`, folder, { env })
}
