import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { describe, it } from 'node:test'
import { FlattenedSign } from 'jose'
import { findPinnedFetchError } from '../../lib/errors.ts'
import { createGuard } from '../../lib/index.ts'
import { ENVELOPE_TYPE, openEnvelope } from '../../lib/source/envelope.ts'
import { keyId, parseVerifyKey } from '../../lib/source/verify-key.ts'

const NOW = Date.UTC(2026, 10, 25)
const FIRST = 'sha256/grX4Ta9HpZx6tSHkmCrvpApTQGo67CYDnvprLg5yRME='
const SECOND = 'sha256/klO23nT2ehFDXCfx3eHTDRESMz3asj1muO+4aIdjiuY='
const policy = { version: 1, serial: 7, hosts: { 'a.test': { pins: [FIRST, SECOND] } } }

const ed25519 = generateKeyPairSync('ed25519')
const p256 = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
const stranger = generateKeyPairSync('ed25519')
const pemOf = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString()
const keys = [ed25519, p256].map(({ publicKey }) => {
  const key = parseVerifyKey(pemOf(publicKey))
  assert.ok(key !== undefined)
  return key
})

interface Signing {
  readonly key?: KeyObject | Uint8Array
  readonly header?: Readonly<Record<string, unknown>>
  readonly document?: unknown
}

async function signed({ key = ed25519.privateKey, header = {}, document = policy }: Signing = {}) {
  const payload = typeof document === 'string' ? document : JSON.stringify(document)
  const critical = Array.isArray(header['crit']) ? header['crit'].map((name) => [name, true]) : []
  return await new FlattenedSign(Buffer.from(payload))
    .setProtectedHeader({ alg: 'EdDSA', typ: ENVELOPE_TYPE, ...header })
    .sign(key, { crit: Object.fromEntries(critical) })
}

const open = (envelope: unknown, now = NOW) => openEnvelope(envelope, { keys, now, source: 'secret "pins"' })

async function refusal(envelope: unknown, now?: number): Promise<string> {
  const error = await open(envelope, now).then(
    () => assert.fail('it was opened'),
    (reason: unknown) => findPinnedFetchError(reason),
  )
  assert.equal(error?.code, 'ERR_POLICY_SIGNATURE')
  return error?.message ?? ''
}

describe('a signed policy', () => {
  it('is opened with the key that signed it, Ed25519 or P-256', async () => {
    assert.deepEqual(await open(await signed()), {
      document: policy,
      keyId: keyId(ed25519.publicKey),
      expires: undefined,
    })
    const other = await open(await signed({ key: p256.privateKey, header: { alg: 'ES256' } }))
    assert.equal(other.keyId, keyId(p256.publicKey))
  })

  it('is good until the instant in "exp", and no longer', async () => {
    const exp = NOW / 1000 + 60
    const envelope = await signed({ header: { exp, crit: ['exp'] } })
    assert.equal((await open(envelope, exp * 1000 - 1)).expires, exp * 1000)
    assert.match(await refusal(envelope, exp * 1000), /expired at 2026-11-25T00:01:00/)
  })

  it('needs a serial', async () => {
    await assert.rejects(open(await signed({ document: { a: [FIRST] } })), { code: 'ERR_POLICY_MALFORMED' })
  })
})

describe('what is refused where signatures are demanded', () => {
  for (const [what, envelope] of [
    ['a bare policy', policy],
    ['a policy in its short form', { 'a.test': [FIRST, SECOND] }],
    ['nothing', null],
    ['a compact signature', 'eyJhbGciOiJFZERTQSJ9.e30.c2ln'],
    ['a list', []],
  ] as const) {
    it(what, async () => assert.match(await refusal(envelope), /it is not signed/))
  }

  it('an altered document, header or signature', async () => {
    const envelope = await signed()
    const payload = Buffer.from(JSON.stringify({ ...policy, default: 'allow' })).toString('base64url')
    const header = Buffer.from(JSON.stringify({ alg: 'EdDSA', typ: ENVELOPE_TYPE, exp: 9e9 })).toString('base64url')
    const { signature } = await signed({ document: { ...policy, serial: 8 } })
    for (const alteration of [{ payload }, { protected: header }, { signature }, { signature: '' }]) {
      assert.match(await refusal({ ...envelope, ...alteration }), /does not verify/)
    }
  })

  it('a signature of a stranger, whatever key it names', async () => {
    const header = { kid: keyId(ed25519.publicKey) }
    assert.match(await refusal(await signed({ key: stranger.privateKey, header })), /does not verify/)
  })

  it('another algorithm than the key has: none, or a MAC with the public key as the secret', async () => {
    const none = Buffer.from(JSON.stringify({ alg: 'none', typ: ENVELOPE_TYPE })).toString('base64url')
    const payload = Buffer.from(JSON.stringify(policy)).toString('base64url')
    assert.match(await refusal({ protected: none, payload, signature: '' }), /does not verify/)
    for (const secret of [
      Buffer.from(pemOf(ed25519.publicKey)),
      ed25519.publicKey.export({ type: 'spki', format: 'der' }),
    ]) {
      assert.match(await refusal(await signed({ key: secret, header: { alg: 'HS256' } })), /does not verify/)
    }
  })

  it('what was signed for something else', async () => {
    assert.match(await refusal(await signed({ header: { typ: 'JWT' } })), /is no policy/)
    assert.match(await refusal(await signed({ header: { typ: undefined } })), /is no policy/)
  })

  it('a critical field that nobody knows, an "exp" that is no time, a header beside the protected one', async () => {
    assert.match(await refusal(await signed({ header: { crit: ['nbf'], nbf: 1 } })), /does not verify/)
    for (const exp of ['soon', -1, 1.5, null, 1e300]) {
      assert.match(await refusal(await signed({ header: { exp } })), /"exp" is not a number of seconds/)
    }
    assert.match(await refusal({ ...(await signed()), header: { kid: 'x' } }), /it is not signed/)
  })
})

describe('a guard with verifyKeys', () => {
  const verifyKeys = keys.map(({ key }) => pemOf(key))

  it('takes the signed document, and keeps it when an older or an unsigned one comes', async () => {
    let document: unknown = await signed()
    const guard = createGuard({
      source: { name: 'mine', load: async () => ({ document }) },
      verifyKeys,
      metrics: false,
    })
    await guard.ready()
    const rollback = await signed({ document: { ...policy, serial: 6, default: 'allow' } })
    for (const [other, code] of [
      [rollback, 'ERR_POLICY_ROLLED_BACK'],
      [{ ...policy, serial: 8, default: 'allow' }, 'ERR_POLICY_SIGNATURE'],
      [await signed({ key: stranger.privateKey, document: { ...policy, serial: 8 } }), 'ERR_POLICY_SIGNATURE'],
    ] as const) {
      document = other
      await assert.rejects(guard.refresh(), { code })
      assert.equal((await guard.explain('elsewhere.test')).rule, 'deny')
    }
    await guard.close()
  })

  it('has no policy at all while it has only seen unsigned ones', async () => {
    const guard = createGuard({ policy, verifyKeys, metrics: false })
    await assert.rejects(guard.ready(), { code: 'ERR_POLICY_SIGNATURE' })
    await guard.close()
  })
})

describe('a key of verifyKeys', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const p384 = generateKeyPairSync('ec', { namedCurve: 'secp384r1' })
  for (const [what, pem] of [
    ['an RSA key', pemOf(rsa.publicKey)],
    ['a key on another curve', pemOf(p384.publicKey)],
    ['a private key', ed25519.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()],
    ['two keys in one text', pemOf(ed25519.publicKey) + pemOf(p256.publicKey)],
    ['no key', 'key.pem'],
  ] as const) {
    it(`is not ${what}`, () => {
      assert.equal(parseVerifyKey(pem), undefined)
      assert.throws(() => createGuard({ policy, verifyKeys: pem }), { code: 'ERR_CONFIGURATION' })
    })
  }

  it('is there: an empty list would let nothing pass', () => {
    assert.throws(() => createGuard({ policy, verifyKeys: [] }), { code: 'ERR_CONFIGURATION' })
  })
})
