/**
 * The policy at synthesis: what is refused there, and what becomes an annotation.
 */

import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import { Annotations as Annotator, Lazy } from 'aws-cdk-lib'
import { Annotations, Match } from 'aws-cdk-lib/assertions'
import { fileWith, guarded, PINS, POLICY, single } from './synthesis.ts'

const KEY = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString()

const envelopeOf = (document: unknown) => ({
  protected: Buffer.from('{"alg":"EdDSA"}').toString('base64url'),
  payload: Buffer.from(JSON.stringify(document)).toString('base64url'),
  signature: 'AAAA',
})

function textInTemplate(policy: string | Record<string, unknown>, verifyKeys: string[] = []): string {
  const template = guarded({ policy, verifyKeys }).template()
  return String(single(template, 'Custom::PinnedFetchInitialPolicy')[1]['Policy'])
}

describe('a policy', () => {
  it('from a file goes into the secret as it is written', () => {
    const text = JSON.stringify(POLICY, null, 2)
    assert.equal(textInTemplate(fileWith(`\ufeff${text}\n`)), text)
  })

  it('keeps what it says in a template, which takes ASCII only', () => {
    const policy = {
      version: 1,
      hosts: { 'api.partner.example': { pins: PINS.map((pin) => ({ sha256: pin.slice(7), name: 'Schlüssel 🔑' })) } },
    }
    const text = textInTemplate(fileWith(JSON.stringify(policy)))
    assert.match(text, /^[\x20-\x7e]*$/)
    assert.deepEqual(JSON.parse(text), policy)
  })

  it('in its shortest form is one too', () => {
    assert.deepEqual(JSON.parse(textInTemplate({ 'api.partner.example': PINS })), { 'api.partner.example': PINS })
  })

  it('that is signed stays in its envelope', () => {
    const envelope = envelopeOf(POLICY)
    assert.deepEqual(JSON.parse(textInTemplate(envelope, [KEY])), envelope)
  })
})

describe('synthesis fails', () => {
  const bad = { version: 1, hosts: { 'api.partner.example': { pins: ['sha256/short'] } } }
  const refusals: readonly (readonly [
    title: string,
    policy: () => string | Record<string, unknown>,
    message: RegExp,
  ])[] = [
    [
      'for a pin that is none: the file, the place, the repair',
      () => fileWith(JSON.stringify(bad), 'pins.json'),
      /file ".*pins\.json": hosts\["api\.partner\.example"\]\.pins\[0\]: .*\n {2}hint/,
    ],
    [
      'for the same in an object',
      () => bad,
      /the object given as "policy": hosts\["api\.partner\.example"\]\.pins\[0\]/,
    ],
    ['for text that is no JSON', () => fileWith('{ "version": 1,'), /is not JSON/],
    [
      'for a key that comes twice',
      () => fileWith(`{"api.partner.example":["${PINS[0]}"],"api.partner.example":["${PINS[1]}"]}`),
      /\["api\.partner\.example"\]: comes twice/,
    ],
    ['for a file that is not there', () => 'no-such-file.json', /there is no such file in .*\n {2}hint/],
    [
      'for more than a secret holds',
      () => fileWith(`{"a.example":["${PINS[0]}"]${' '.repeat(70_000)}}`),
      /the limit is 65536/,
    ],
    [
      'for what is known at deployment only',
      () => ({ hosts: Lazy.string({ produce: () => 'x' }) }),
      /known at deployment only/,
    ],
  ]
  for (const [title, policy, message] of refusals) {
    it(title, () => {
      assert.throws(() => guarded({ policy: policy() }), message)
    })
  }

  it('for a policy that is not signed, where keys are given', () => {
    assert.throws(() => guarded({ policy: POLICY, verifyKeys: [KEY] }), /it is not signed, and "verifyKeys" is given/)
  })

  it('for an envelope around no policy', () => {
    assert.throws(() => guarded({ policy: envelopeOf({ version: 2 }), verifyKeys: [KEY] }), /version/)
  })

  it('for a policy that is signed, where no key is given: no guard could read it', () => {
    for (const policy of [envelopeOf(POLICY), fileWith(JSON.stringify(envelopeOf(POLICY)), 'signed.json')]) {
      assert.throws(
        () => guarded({ policy }),
        /"verifyKeys" is missing, and .* is signed.*\n {2}hint +give the public keys, or the policy without its envelope/,
      )
    }
  })

  it('for a key that is none', () => {
    assert.throws(
      () => guarded({ verifyKeys: ['-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----'] }),
      /verifyKeys\[0\]/,
    )
  })
})

describe('a finding', () => {
  const hasty = { version: 1, hosts: { 'api.partner.example': { pins: [PINS[0]] } } }

  it('becomes a warning on the guard, which says where', () => {
    const { stack } = guarded({ policy: hasty })
    Annotations.fromStack(stack).hasWarning(
      '/Test/Guard',
      Match.stringLikeRegexp(
        'hosts\\["api\\.partner\\.example"\\]\\.pins has no backup pin.*pinned-fetch:no-backup-pin',
      ),
    )
  })

  it('can be acknowledged by its id, with a reason', () => {
    const { stack, guard } = guarded({ policy: hasty })
    Annotator.of(guard).acknowledgeWarning('pinned-fetch:no-backup-pin', 'the partner has one key only')
    Annotations.fromStack(stack).hasNoWarning('/Test/Guard', Match.anyValue())
  })

  it('that is only advice is no warning', () => {
    const policy = { ...hasty, hosts: { 'api.partner.example': { leafPins: PINS } } }
    const { stack } = guarded({ policy })
    Annotations.fromStack(stack).hasNoWarning('/Test/Guard', Match.anyValue())
    Annotations.fromStack(stack).hasInfo('/Test/Guard', Match.stringLikeRegexp('pinned-fetch:leaf-pins-only'))
  })

  it('is none for a policy against which nothing can be said', () => {
    const { stack } = guarded()
    Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue())
  })
})
