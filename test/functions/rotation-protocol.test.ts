/**
 * The steps of the rotation function as whoever may invoke it could ask for them: again, out of order, two at a time, for
 * a token that is not pending. And its settings: signatures, modes, hosts below wildcards.
 */

import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { describe, it, type TestContext } from 'node:test'
import { DescribeSecretCommand, UpdateSecretVersionStageCommand } from '@aws-sdk/client-secrets-manager'
import { seal } from '../../lib/cli/sign/seal.ts'
import { parseVerifyKey } from '../../lib/source/verify-key.ts'
import { startTraffic } from '../cli/rotate-traffic.ts'
import { presented } from '../support/authority.ts'
import { next, reserve, root, rotationScene, type Scene, type SceneOptions, SECRET, today } from './rotation-scene.ts'

const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const
const PROMOTED = { AWSCURRENT: 8, AWSPREVIOUS: 7, PinnedFetchTested: 8 }
const STRANGER = '0b5ad8f0-9b8a-4a1c-8a53-0d9b0f4f1a11'

/** An approved candidate, and a rotation that has begun and of which no step was called. */
async function begun(t: TestContext, options: SceneOptions = {}): Promise<{ scene: Scene; token: string }> {
  const scene = await rotationScene(t, options)
  await scene.approve(scene.propose(scene.candidate))
  scene.endpoint.rotateWith(() => Promise.resolve({ kind: 'error', body: 'not now' }))
  const { token } = await scene.rotate()
  return { scene, token }
}

async function done(scene: Scene, token: string, steps: readonly (typeof STEPS)[number][] = STEPS): Promise<void> {
  for (const step of steps) {
    const { kind, text } = await scene.step(step, token)
    assert.equal(kind, 'response', `${step}: ${text}`)
  }
}

async function refused(scene: Scene, step: (typeof STEPS)[number], token: string, message: RegExp): Promise<void> {
  const { kind, text } = await scene.step(step, token)
  assert.equal(kind, 'error', step)
  assert.match(text, message)
}

describe('a step of the rotation', () => {
  it('may be repeated, each as often as one likes, also when all is over', async (t) => {
    const { scene, token } = await begun(t)
    await done(
      scene,
      token,
      STEPS.flatMap((step) => [step, step]),
    )
    assert.deepEqual(await scene.stages(), PROMOTED)
    await done(scene, token, [...STEPS, ...STEPS])
    assert.deepEqual(await scene.stages(), PROMOTED)
    assert.deepEqual(await scene.ended(), ['promoted'])
  })

  it('goes beside itself: two of the same token at once', async (t) => {
    const { scene, token } = await begun(t)
    for (const step of STEPS) {
      const outcomes = await Promise.all([scene.step(step, token), scene.stepBeside(step, token)])
      for (const { kind, text } of outcomes) assert.equal(kind, 'response', `${step}: ${text}`)
    }
    assert.deepEqual(await scene.stages(), PROMOTED)
  })

  it('of another rotation promotes nothing: one is pending at a time', async (t) => {
    const { scene, token } = await begun(t)
    await done(scene, token, ['createSecret', 'testSecret'])
    const second = await scene.rotate()
    assert.equal(second.token, token, 'the first one is attempted again')
    for (const step of STEPS) await refused(scene, step, STRANGER, /is not set as AWSPENDING/)
    assert.equal((await scene.stages())['AWSCURRENT'], 7)
    await scene.call()
  })

  it('for a version that lost AWSPENDING fails, and tells of no refusal', async (t) => {
    const { scene, token } = await begun(t)
    await done(scene, token, ['createSecret', 'setSecret', 'testSecret'])
    const input = { SecretId: SECRET, VersionStage: 'AWSPENDING', RemoveFromVersionId: token }
    await scene.client.send(new UpdateSecretVersionStageCommand(input))
    for (const step of STEPS) await refused(scene, step, token, /is not set as AWSPENDING/)
    assert.equal((await scene.stages())['AWSCURRENT'], 7)
    assert.equal(
      scene.running.stdout.some((line) => line.includes('"RotationRefused":')),
      false,
    )
  })

  it('finishSecret promotes only what testSecret has passed', async (t) => {
    const { scene, token } = await begun(t)
    await refused(scene, 'finishSecret', token, /holds nothing/)
    await done(scene, token, ['createSecret'])
    await refused(scene, 'finishSecret', token, /has passed no test/)
    await done(scene, token, ['testSecret'])
    assert.equal((await scene.stages())['AWSCURRENT'], 7)
    await done(scene, token, ['finishSecret'])
    assert.deepEqual(await scene.stages(), PROMOTED)
  })

  it('a test that fails takes back that an earlier one has passed', async (t) => {
    const { scene, token } = await begun(t)
    await done(scene, token, ['createSecret', 'testSecret'])
    await scene.server.close()
    await refused(scene, 'testSecret', token, /ECONNREFUSED/)
    assert.equal((await scene.stages())['PinnedFetchTested'], undefined)
    await refused(scene, 'finishSecret', token, /has passed no test/)
  })

  it('finishSecret looks whether it is still approved, and still made for what is current', async (t) => {
    const { scene, token } = await begun(t)
    await done(scene, token, ['createSecret', 'testSecret'])
    const { base } = scene
    scene.endpoint.put(SECRET, scene.text(7, [today.pin, next.pin]))
    await refused(scene, 'finishSecret', token, /was made for another/)
    const back = { SecretId: SECRET, VersionStage: 'AWSCURRENT', MoveToVersionId: base }
    const { AWSCURRENT = '' } = await holders(scene)
    await scene.client.send(new UpdateSecretVersionStageCommand({ ...back, RemoveFromVersionId: AWSCURRENT }))
    const { PinnedFetchApproved = '' } = await holders(scene)
    const withdraw = { SecretId: SECRET, VersionStage: 'PinnedFetchApproved', RemoveFromVersionId: PinnedFetchApproved }
    await scene.client.send(new UpdateSecretVersionStageCommand(withdraw))
    await refused(scene, 'finishSecret', token, /is not approved any more/)
    await scene.approve(PinnedFetchApproved)
    await done(scene, token, ['finishSecret'])
    assert.equal((await scene.stages())['AWSCURRENT'], 8)
  })

  it('finishSecret does not move AWSCURRENT from where it is not any more', async (t) => {
    const { scene, token } = await begun(t)
    await done(scene, token, ['createSecret', 'testSecret'])
    // The description of `step`, that of the function, and two of its three versions; the third is held.
    for (let request = 1; request <= 4; request++) scene.endpoint.hold().release()
    const held = scene.endpoint.hold()
    const finishing = scene.step('finishSecret', token)
    await held.asked
    scene.endpoint.put(SECRET, scene.text(9, [today.pin, reserve.pin]))
    held.release()
    const { kind, text } = await finishing
    assert.deepEqual([kind, /AWSCURRENT was moved meanwhile/.test(text)], ['error', true], text)
    assert.equal((await scene.stages())['AWSCURRENT'], 9)
    assert.deepEqual(await scene.ended(), ['refused moved'])
    await scene.call()
  })

  it('is nothing for what the command line began', async (t) => {
    const scene = await rotationScene(t)
    const token = '11111111-0000-8000-8000-000000000000'
    scene.endpoint.put(SECRET, scene.candidate, { stage: 'AWSPENDING', versionId: token })
    const { failure } = await scene.rotate()
    assert.match(JSON.stringify(failure), /was put on AWSPENDING by the command line/)
    assert.deepEqual(await scene.stages(), { AWSCURRENT: 7, AWSPENDING: 8 })
  })

  it('that fails for whatever reason is told of', async (t) => {
    const { scene, token } = await begun(t)
    for (const [index, [number, step]] of (
      [
        // The first call is of `step` here, the second tells the function where the secret stands, the third reads a text.
        [2, 'createSecret'],
        [2, 'setSecret'],
        [3, 'createSecret'],
        [3, 'testSecret'],
        [3, 'finishSecret'],
      ] as const
    ).entries()) {
      scene.endpoint.cut(number, 'before')
      await refused(scene, step, token, /ECONNRESET|socket hang up/)
      assert.equal((await scene.ended()).length, index + 1)
    }
    assert.match((await scene.ended()).join(), /^(refused \w+(,|$))+$/)
  })

  it('that Secrets Manager refuses, or never answers, is told of, and ends in its time', async (t) => {
    const { scene, token } = await begun(t)
    const { ARN } = await scene.client.send(new DescribeSecretCommand({ SecretId: SECRET }))
    const event = { Step: 'createSecret', SecretId: ARN, ClientRequestToken: token }
    scene.endpoint.fail({ code: 'AccessDeniedException' })
    assert.equal((await scene.running.invoke(event)).kind, 'error')
    assert.deepEqual(await scene.ended(), ['refused AccessDeniedException'])
    scene.endpoint.recover()
    scene.endpoint.hang()
    // A second of it is kept for the last word.
    assert.equal((await scene.running.invoke(event, { timeoutMs: 1_300 })).kind, 'error')
    assert.deepEqual(await scene.ended(), ['refused AccessDeniedException', 'refused AbortError'])
  })

  it('is refused where nothing rotates, for another secret, and for what is no step', async (t) => {
    const scene = await rotationScene(t)
    await refused(scene, 'createSecret', scene.base, /is not enabled for rotation/)
    scene.endpoint.put('other', scene.candidate)
    const other = { Step: 'createSecret', SecretId: 'other', ClientRequestToken: scene.base }
    assert.match((await scene.running.invoke(other)).text, /is not the one of PINNED_FETCH_SECRET_ID/)
    for (const event of [{}, null, 'x', { ...other, Step: 'promote' }, { ...other, ClientRequestToken: 7 }]) {
      assert.match((await scene.running.invoke(event)).text, /This is no rotation/)
    }
  })
})

async function holders({ client }: Scene): Promise<Record<string, string>> {
  const { VersionIdsToStages = {} } = await client.send(new DescribeSecretCommand({ SecretId: SECRET }))
  return Object.fromEntries(
    Object.entries(VersionIdsToStages).flatMap(([id, stages = []]) => stages.map((stage) => [stage, id])),
  )
}

interface Signing {
  readonly pem: string
  envelope(text: string, expires?: number): Promise<string>
}

function signing(): Signing {
  const { privateKey } = generateKeyPairSync('ed25519')
  const pem = pemOf(createPublicKey(privateKey))
  const verifyKey = parseVerifyKey(pem)
  assert.ok(verifyKey !== undefined)
  const signer = { verifyKey, sign: async (bytes: Uint8Array) => sign(null, bytes, privateKey) }
  return { pem, envelope: async (text, expires) => JSON.stringify(await seal(JSON.parse(text), signer, expires)) }
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString()
}

describe('a signature, where keys are set', () => {
  it('of one of them is enough, in a candidate as in a rehearsal', async (t) => {
    const [first, second] = [signing(), signing()]
    const scene = await rotationScene(t, { environment: { PINNED_FETCH_VERIFY_KEYS: first.pem + second.pem } })
    const base = scene.endpoint.put(SECRET, await first.envelope(scene.text(7, [today.pin, reserve.pin])))
    assert.equal((await scene.rotate()).failure, undefined)
    await scene.approve(scene.propose(await second.envelope(scene.candidate), base))
    assert.equal((await scene.rotate()).failure, undefined)
    assert.deepEqual(await scene.stages(), PROMOTED)
  })

  for (const [name, candidate] of [
    ['that is not there', async (text: string) => text],
    ['of another key', async (text: string) => await signing().envelope(text)],
  ] as const) {
    it(`${name} is never promoted`, async (t) => {
      const own = signing()
      const scene = await rotationScene(t, { environment: { PINNED_FETCH_VERIFY_KEYS: own.pem } })
      const base = scene.endpoint.put(SECRET, await own.envelope(scene.text(7, [today.pin, reserve.pin])))
      await scene.approve(scene.propose(await candidate(scene.candidate), base))
      const { steps } = await scene.rotate()
      assert.deepEqual(steps, ['createSecret'])
      assert.deepEqual(await scene.ended(), ['refused ERR_POLICY_SIGNATURE'])
      assert.equal((await scene.stages())['AWSCURRENT'], 7)
    })
  }

  it('that is about to end is never promoted', async (t) => {
    const own = signing()
    const scene = await rotationScene(t, { environment: { PINNED_FETCH_VERIFY_KEYS: own.pem } })
    const base = scene.endpoint.put(SECRET, await own.envelope(scene.text(7, [today.pin, reserve.pin])))
    await scene.approve(scene.propose(await own.envelope(scene.candidate, Date.now() + 10 * 60_000), base))
    const { failure } = await scene.rotate()
    assert.match(JSON.stringify(failure), /its signature is good now, and expires at \S+Z: too soon/)
    assert.deepEqual(await scene.ended(), ['refused ERR_POLICY_SIGNATURE'])
    assert.equal((await scene.stages())['AWSCURRENT'], 7)
  })

  it('is refused where no key is set: nobody can tell who would take it', async (t) => {
    const scene = await rotationScene(t)
    await scene.approve(scene.propose(await signing().envelope(scene.candidate)))
    const { steps, failure } = await scene.rotate()
    assert.deepEqual(steps, ['createSecret'])
    assert.match(JSON.stringify(failure), /it is signed, and no key is set here to check the signature with/)
    assert.deepEqual(await scene.ended(), ['refused signature-unchecked'])
    assert.equal((await scene.stages())['AWSCURRENT'], 7)
    await scene.call()
  })

  it('is not given up, where no key is set either', async (t) => {
    const scene = await rotationScene(t)
    const base = scene.endpoint.put(SECRET, await signing().envelope(scene.text(7, [today.pin, reserve.pin])))
    await scene.approve(scene.propose(scene.candidate, base))
    await scene.rotate()
    assert.deepEqual(await scene.ended(), ['refused signature-gone'])
  })
})

describe('a host in mode report', () => {
  const entry = (scene: Scene, fields: object) =>
    JSON.stringify({
      version: 1,
      serial: 8,
      hosts: { [`localhost:${scene.server.port}`]: { pins: [reserve.pin, next.pin], ...fields } },
    })

  it('passes where its entry says so on purpose', async (t) => {
    const scene = await rotationScene(t)
    for (const fields of [{ mode: 'report' }, { reportUntil: '2999-01-01T00:00:00Z' }]) {
      const base = scene.reset()
      await scene.approve(scene.propose(entry(scene, fields), base))
      const { failure } = await scene.rotate()
      assert.equal(failure, undefined, JSON.stringify(failure))
      assert.deepEqual(await scene.stages(), PROMOTED)
    }
  })

  it('fails where it is only so because its entry has expired', async (t) => {
    const scene = await rotationScene(t)
    const text = entry(scene, { expires: '2020-01-01T00:00:00Z', onExpiry: 'report' })
    await scene.approve(scene.propose(text))
    await scene.rotate()
    assert.deepEqual(await scene.ended(), ['refused ERR_PIN_MISMATCH'])
  })
})

describe('a host below a wildcard', () => {
  const wild = (scene: Scene) =>
    JSON.stringify({
      version: 1,
      serial: 8,
      hosts: { ...JSON.parse(scene.candidate).hosts, '*.partner.test': { pins: [next.pin, today.pin] } },
    })

  it('is looked at when the environment names it', async (t) => {
    const scene = await rotationScene(t, { environment: { PINNED_FETCH_PROBE_HOSTS: '["api.partner.test:1"]' } })
    await scene.approve(scene.propose(wild(scene)))
    const { failure, steps } = await scene.rotate()
    assert.equal(steps.at(-1), 'testSecret')
    assert.match(JSON.stringify(failure), /api\.partner\.test:1 {2}unreachable/)
  })
})

describe('the settings', () => {
  for (const [name, value, problem] of [
    ['PINNED_FETCH_SECRET_ID', '', 'is not set'],
    ['PINNED_FETCH_APPROVAL', 'yes', 'is neither'],
    ['PINNED_FETCH_PROBE_HOSTS', 'localhost', 'is no list'],
    ['PINNED_FETCH_PROBE_HOSTS', '["http://localhost/"]', 'is no list'],
    ['PINNED_FETCH_VERIFY_KEYS', 'none', 'holds something that is no public key'],
    [
      'PINNED_FETCH_VERIFY_KEYS',
      '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----',
      'holds something that is no public key',
    ],
  ] as const) {
    it(`end the function at its start: ${name}=${JSON.stringify(value.slice(0, 20))}`, async (t) => {
      const scene = await rotationScene(t, { environment: { [name]: value } })
      await scene.running.exited
      assert.match(JSON.stringify(scene.running.initError), new RegExp(`${name}.*${problem}`))
    })
  }
})

describe('a whole rotation with traffic through a guard', () => {
  it('fails no call, when the partner changes its key in the end', async (t) => {
    const scene = await rotationScene(t)
    const traffic = await startTraffic(`https://localhost:${scene.server.port}/`, scene.endpoint, root.certificate)
    t.after(() => traffic.stop())
    await scene.approve(scene.propose(scene.candidate))
    await Promise.all([scene.rotate(), traffic.more(6)])
    await traffic.more(6)
    scene.server.present(presented(next))
    scene.server.ticketKeysRenew()
    await traffic.more(6)
    assert.deepEqual(await scene.stages(), PROMOTED)
    assert.deepEqual(traffic.failures, [])
  })
})
