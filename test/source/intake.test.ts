/** From loaded documents to one policy that is never older than the last. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { findPinnedFetchError } from '../../lib/errors.ts'
import { isPublicSuffix } from '../../lib/policy/public-suffix.ts'
import { Intake, suffixesFor } from '../../lib/source/intake.ts'
import { type LoadedDocument, literalSource } from '../../lib/source/source.ts'
import { pinOf } from './controllable-source.ts'

const intake = (...names: readonly string[]) =>
  new Intake(names.map((name) => ({ name, load: () => Promise.reject(new Error('not asked')) })))

function document(number: number, more: object = {}): unknown {
  return { version: 1, hosts: { [`h${number}.test`]: { pins: [pinOf(number)] } }, ...more }
}

describe('the intake', () => {
  it('gives policy, versions and stages, each stage once', () => {
    const accepted = intake('a', 'b').accept(
      [
        { document: document(1), version: 'v1', stage: 'AWSCURRENT' },
        { document: document(2), version: 'v2', stage: 'AWSCURRENT' },
      ],
      isPublicSuffix,
    )
    assert.deepEqual([accepted.version, accepted.stage, accepted.changed], ['v1,v2', 'AWSCURRENT', true])
    assert.equal(accepted.policy.hosts.size, 2)
  })

  it('gives no version where no source has one', () => {
    const { version, stage } = intake('a').accept([{ document: document(1) }], isPublicSuffix)
    assert.deepEqual([version, stage], [undefined, undefined])
  })

  for (const [what, first, second, changed] of [
    ['the same document', { document: document(1) }, { document: document(1) }, false],
    ['another document', { document: document(1) }, { document: document(2) }, true],
    [
      'another version of the same',
      { document: document(1), version: '1' },
      { document: document(1), version: '2' },
      true,
    ],
    [
      'another document under one version',
      { document: document(1), version: '1' },
      { document: document(2), version: '1' },
      true,
    ],
  ] as const satisfies (readonly [string, LoadedDocument, LoadedDocument, boolean])[]) {
    it(`calls ${what} ${changed ? 'changed' : 'unchanged'}`, () => {
      const taker = intake('a')
      taker.accept([first], isPublicSuffix)
      assert.equal(taker.accept([second], isPublicSuffix).changed, changed)
    })
  }

  it('notices a change in an object that the source hands out again and again', () => {
    const taker = intake('a')
    const live = { 'a.test': [pinOf(1)] }
    taker.accept([{ document: live }], isPublicSuffix)
    live['a.test'] = [pinOf(2)]
    const { changed, policy } = taker.accept([{ document: live }], isPublicSuffix)
    assert.equal(changed, true)
    assert.equal(policy.hosts.find('a.test', 443)?.pins?.[0]?.sha256, pinOf(2).slice('sha256/'.length))
  })

  it('reads the same documents once', () => {
    const taker = intake('a', 'b')
    const documents = () => [{ document: document(1), version: '1' }, { document: document(2) }]
    const { policy, version } = taker.accept(documents(), isPublicSuffix)
    const again = taker.accept(documents(), () => assert.fail('read again'))
    assert.equal(again.policy, policy)
    assert.deepEqual([again.version, again.changed], [version, false])
    taker.accept([{ document: document(3) }, { document: document(2) }], isPublicSuffix)
    assert.notEqual(taker.accept(documents(), isPublicSuffix).policy, policy)
  })

  it('refuses what JSON does not show, whatever was before', () => {
    const good = () => ({ version: 1, hosts: { 'a.test': { pins: [pinOf(1)], mode: 'enforce' } } })
    const entry = good().hosts['a.test']
    const hidden: readonly unknown[] = [
      { ...good(), deny: undefined },
      { ...good(), unknown: undefined },
      { ...good(), serial: Number.NaN },
      { ...good(), hosts: { ...good().hosts, 'b.test': () => undefined } },
      { ...good(), hosts: { 'a.test': { ...entry, reportUntil: undefined } } },
      { ...good(), hosts: { 'a.test': { ...entry, leafPins: Symbol('pins') } } },
      { ...good(), hosts: { 'a.test': { ...entry, mode: new String('enforce') } } },
    ]
    for (const document of hidden) {
      const taker = intake('a')
      taker.accept([{ document: good() }], isPublicSuffix)
      assert.throws(() => taker.accept([{ document }], isPublicSuffix), { code: 'ERR_POLICY_MALFORMED' })
    }
  })

  it('puts in force what a toJSON hides', () => {
    const taker = intake('a')
    const good = { version: 1, hosts: { 'a.test': { pins: [pinOf(1)] } } }
    taker.accept([{ document: good }], isPublicSuffix)
    const denying = Object.create(
      { toJSON: () => good },
      Object.getOwnPropertyDescriptors({ ...good, deny: [pinOf(2)] }),
    )
    const { policy, changed } = taker.accept([{ document: denying }], isPublicSuffix)
    assert.deepEqual([policy.deny.size, changed], [1, true])
  })

  it('refuses what turns in a circle, whatever it was before', () => {
    const taker = intake('a')
    const circle: Record<string, unknown> = { 'a.test': [pinOf(1)] }
    taker.accept([{ document: circle }], isPublicSuffix)
    circle['b.test'] = circle
    assert.throws(() => taker.accept([{ document: circle }], isPublicSuffix), { code: 'ERR_POLICY_MALFORMED' })
  })

  it('refuses what is no policy by the name of its source', () => {
    for (const bad of [undefined, null, 'text', [], {}, { 'a.test': [] }]) {
      assert.throws(
        () => intake('secret "s"').accept([{ document: bad }], isPublicSuffix),
        (error) => {
          const ours = findPinnedFetchError(error)
          return ours?.code === 'ERR_POLICY_MALFORMED' && ours.evidence.source === 'secret "s"'
        },
      )
    }
  })

  it('refuses a source that gave nothing', () => {
    assert.throws(() => intake('a', 'b').accept([{ document: document(1) }], isPublicSuffix), {
      code: 'ERR_POLICY_MALFORMED',
    })
  })
})

describe('the list of public suffixes', () => {
  const PINS = { pins: [pinOf(1)] }

  it('is loaded for a wildcard, wherever a pattern may stand', async () => {
    const wild = [
      { '*.bank.test': [pinOf(1)] },
      { 'a.test': [pinOf(1)], '**.bank.test': [pinOf(1)] },
      { version: 1, hosts: { '*.bank.test': PINS } },
      { version: 1, hosts: { 'a.test': PINS, '**.bank.test:8443': PINS } },
    ]
    for (const document of wild) {
      assert.equal(await suffixesFor([{ document: { 'b.test': [] } }, { document }]), isPublicSuffix)
    }
  })

  it('is not loaded for any other document, whatever that is', async () => {
    const others = [undefined, null, 'text *', 7, [], {}, { hosts: null }, { hosts: '*' }, { 'a.test': [pinOf(1)] }]
    for (const document of others) {
      const isSuffix = await suffixesFor([{ document }])
      assert.throws(() => isSuffix('com'), /changed while it was read/)
    }
  })

  it('refuses a wildcard that was not there when it was asked for', async () => {
    const live: Record<string, string[]> = { 'a.test': [pinOf(1)] }
    const isSuffix = await suffixesFor([{ document: live }])
    live['*.com'] = [pinOf(1)]
    assert.throws(() => intake('a').accept([{ document: live }], isSuffix), /changed while it was read/)
  })
})

describe('the serial', () => {
  const withSerial = (serial: number) => [{ document: document(1, { serial }) }]

  it('may stay and rise, not fall', () => {
    const taker = intake('a')
    for (const serial of [3, 3, 4, Number.MAX_SAFE_INTEGER]) taker.accept(withSerial(serial), isPublicSuffix)
    assert.throws(() => taker.accept(withSerial(4), isPublicSuffix), { code: 'ERR_POLICY_ROLLED_BACK' })
  })

  it('of a refused document changes nothing, neither the serial nor what counts as changed', () => {
    const taker = intake('a')
    taker.accept(withSerial(3), isPublicSuffix)
    assert.throws(() => taker.accept([{ document: { version: 1, serial: 9, hosts: 7 } }], isPublicSuffix))
    assert.throws(() => taker.accept(withSerial(2), isPublicSuffix))
    assert.equal(taker.accept(withSerial(3), isPublicSuffix).changed, false)
  })

  it('of zero is one: it may not vanish', () => {
    const taker = intake('a')
    taker.accept(withSerial(0), isPublicSuffix)
    assert.throws(() => taker.accept([{ document: document(1) }], isPublicSuffix), {
      code: 'ERR_POLICY_ROLLED_BACK',
      message: /its serial is gone, 0 was accepted before\n.*serial above 0/,
    })
  })
})

it('a literal source gives its document each time', async () => {
  const source = literalSource({ 'a.test': [pinOf(1)] })
  assert.equal(source.name, 'option "policy"')
  assert.deepEqual(await source.load(), { document: { 'a.test': [pinOf(1)] } })
})
