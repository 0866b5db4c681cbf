/**
 * The rotation function, driven by the protocol of Secrets Manager: what it promotes, what it only rehearses, and what it
 * refuses. Whatever it does, a guard that reads the secret makes its calls.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { RotateSecretCommand } from '@aws-sdk/client-secrets-manager'
import { versionIdFor } from '../../lib/policy/rotation.ts'
import { FUNCTION, next, reserve, rotationScene, type Scene, SECRET, today } from './rotation-scene.ts'

const FOUR_STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret']
const AT_FIRST = { AWSCURRENT: 7 }

/** Proposed and approved. */
async function readied(scene: Scene, text = scene.candidate): Promise<string> {
  const version = scene.propose(text)
  await scene.approve(version)
  return version
}

/** The message of a run that failed. */
function failureOf({ failure }: { readonly failure: unknown }): string {
  return (failure as { errorMessage?: string } | undefined)?.errorMessage ?? ''
}

describe('an approved candidate', () => {
  it('is promoted when every host passes, and loses its labels', async (t) => {
    const scene = await rotationScene(t)
    await readied(scene)
    const { steps, failure } = await scene.rotate()
    assert.deepEqual([steps, failure], [FOUR_STEPS, undefined])
    assert.deepEqual(await scene.stages(), { AWSCURRENT: 8, AWSPREVIOUS: 7, PinnedFetchTested: 8 })
    assert.deepEqual(await scene.ended(), ['promoted'])
    await scene.call()
  })

  it('asks for every label by its name, and needs four actions', async (t) => {
    const scene = await rotationScene(t)
    await readied(scene)
    const before = scene.endpoint.requests.length + 1
    await scene.rotate()
    const requests = scene.endpoint.requests.slice(before)
    assert.deepEqual([...new Set(requests.map(({ action }) => action))].toSorted(), [
      'DescribeSecret',
      'GetSecretValue',
      'PutSecretValue',
      'UpdateSecretVersionStage',
    ])
    for (const { action, versionStage, versionId } of requests) {
      if (action === 'GetSecretValue') assert.ok(versionStage !== undefined && versionId !== undefined)
    }
  })

  it('is promoted without approval where that is automatic', async (t) => {
    const scene = await rotationScene(t, { environment: { PINNED_FETCH_APPROVAL: 'automatic' } })
    scene.propose(scene.candidate)
    assert.equal((await scene.rotate()).failure, undefined)
    assert.deepEqual(await scene.stages(), { AWSCURRENT: 8, AWSPREVIOUS: 7, PinnedFetchTested: 8 })
  })

  it('is promoted when Secrets Manager takes AWSPENDING away by itself', async (t) => {
    const scene = await rotationScene(t)
    scene.endpoint.rotateWith((event) => scene.running.invoke(event), { cleans: true })
    await readied(scene)
    assert.equal((await scene.rotate()).failure, undefined)
    assert.deepEqual(await scene.stages(), { AWSCURRENT: 8, AWSPREVIOUS: 7, PinnedFetchTested: 8 })
  })

  it('is followed by the next one, and rehearsals between them change nothing', async (t) => {
    const scene = await rotationScene(t)
    await readied(scene)
    const { token } = await scene.rotate()
    const promoted = await scene.stages()
    assert.equal((await scene.rotate()).failure, undefined)
    assert.deepEqual(await scene.stages(), promoted)
    const after = scene.propose(scene.text(9, [today.pin, next.pin, reserve.pin]), token)
    await scene.approve(after)
    assert.equal((await scene.rotate()).failure, undefined)
    assert.deepEqual(await scene.stages(), { AWSCURRENT: 9, AWSPREVIOUS: 8, PinnedFetchTested: 9 })
  })
})

describe('a rehearsal', () => {
  it('without a candidate tests what is current, and leaves everything as it was', async (t) => {
    const scene = await rotationScene(t)
    const { steps, failure } = await scene.rotate()
    assert.deepEqual([steps, failure], [FOUR_STEPS, undefined])
    assert.deepEqual(await scene.stages(), AT_FIRST)
    assert.match(await scene.running.whenPrinted(/rehearsal/), /changes nothing: no candidate waits/)
    assert.match(await scene.running.whenPrinted(/hosts pass/), /1 of 1 hosts pass/)
    assert.equal(
      scene.running.stdout.some((line) => line.includes('RotationPromoted')),
      false,
    )
  })

  it('is all that an unapproved candidate gets', async (t) => {
    const scene = await rotationScene(t)
    scene.propose(scene.candidate)
    assert.equal((await scene.rotate()).failure, undefined)
    assert.deepEqual(await scene.stages(), { ...AT_FIRST, PinnedFetchCandidate: 8 })
    assert.match(await scene.running.whenPrinted(/rehearsal/), /waits, and is not approved"/)
  })

  it('is all that the approval of another version gets', async (t) => {
    const scene = await rotationScene(t)
    await readied(scene)
    const other = scene.text(9, [next.pin, today.pin])
    scene.propose(other)
    assert.equal((await scene.rotate()).failure, undefined)
    assert.deepEqual(await scene.stages(), { ...AT_FIRST, PinnedFetchApproved: 8, PinnedFetchCandidate: 9 })
    assert.match(await scene.running.whenPrinted(/rehearsal/), /is not approved: what is approved is version/)
  })

  it('that fails says so, and leaves nothing behind', async (t) => {
    const scene = await rotationScene(t)
    scene.endpoint.put(SECRET, scene.text(9, [next.pin, reserve.pin]))
    const run = await scene.rotate()
    assert.deepEqual(run.steps, FOUR_STEPS.slice(0, 3))
    assert.match(failureOf(run), /calls would fail under it:\n {2}localhost:\d+ {2}refused {2}ERR_PIN_MISMATCH/)
    assert.deepEqual(await scene.stages(), { AWSCURRENT: 9, AWSPREVIOUS: 7 })
    assert.deepEqual(await scene.ended(), ['refused ERR_PIN_MISMATCH'])
  })

  it('gives way to a candidate that was approved after it was interrupted', async (t) => {
    const scene = await rotationScene(t)
    scene.endpoint.rotateWith(async (event) =>
      event.Step === 'testSecret' ? { kind: 'error', body: 'gone' } : await scene.running.invoke(event),
    )
    await scene.rotate()
    assert.deepEqual(await scene.stages(), { AWSCURRENT: 7, AWSPENDING: 7 })
    scene.endpoint.rotateWith((event) => scene.running.invoke(event))
    await readied(scene)
    assert.match(failureOf(await scene.rotate()), /gives way to the approved candidate/)
    assert.equal((await scene.rotate()).failure, undefined)
    assert.deepEqual(await scene.stages(), { AWSCURRENT: 8, AWSPREVIOUS: 7, PinnedFetchTested: 8 })
  })

  it('is overtaken by a push, and leaves nothing behind', async (t) => {
    const scene = await rotationScene(t)
    scene.endpoint.rotateWith(async (event) => {
      if (event.Step === 'testSecret') scene.endpoint.put(SECRET, scene.text(9, [today.pin, next.pin]))
      return await scene.running.invoke(event)
    })
    assert.match(failureOf(await scene.rotate()), /a rehearsal of what is not current any more/)
    assert.deepEqual(await scene.stages(), { AWSCURRENT: 9, AWSPREVIOUS: 7 })
  })

  it('of a text that was pushed tells of no promotion, also when it waits as candidate', async (t) => {
    const scene = await rotationScene(t)
    await readied(scene, scene.candidate)
    scene.endpoint.put(SECRET, scene.candidate)
    assert.equal((await scene.rotate()).failure, undefined)
    assert.deepEqual(await scene.stages(), { AWSCURRENT: 8, AWSPREVIOUS: 7 })
    await scene.running.whenPrinted(/hosts pass/)
    assert.equal(
      scene.running.stdout.some((line) => line.includes('RotationPromoted')),
      false,
    )
  })

  it('is what RotateSecret asks for when it only tests its configuration', async (t) => {
    const scene = await rotationScene(t)
    const ended = scene.endpoint.whenRotated()
    const input = { SecretId: SECRET, RotationLambdaARN: FUNCTION, RotateImmediately: false }
    await scene.client.send(new RotateSecretCommand(input))
    assert.deepEqual(await ended.then(({ steps, failure }) => [steps, failure]), [['testSecret'], undefined])
    assert.deepEqual(await scene.stages(), AT_FIRST)
  })
})

interface Refused {
  readonly name: string
  /** Prepares the secret, and what is around it. */
  readonly prepare: (scene: Scene) => Promise<unknown>
  readonly code: string
  readonly message: RegExp
  /** The last step that was called. */
  readonly at: 'createSecret' | 'testSecret' | 'finishSecret'
  /** What is current in the end. */
  readonly current?: number
  /** Whether calls of today fail all the same. */
  readonly isDown?: boolean
}

/** A policy of these hosts, the partner's beside them. */
const beside = (scene: Scene, serial: number, hosts: object, rest: object = {}) =>
  JSON.stringify({ version: 1, serial, ...rest, hosts: { ...JSON.parse(scene.candidate).hosts, ...hosts } })

/** Makes `before` current, and `after` its approved candidate. */
async function change(scene: Scene, before: string, after: string): Promise<void> {
  await scene.approve(scene.propose(after, scene.endpoint.put(SECRET, before)))
}

/** An instant within the time that what is promoted has to last. */
const soon = () => new Date(Date.now() + 10 * 60_000).toISOString()

const only = (scene: Scene, entry: object) =>
  JSON.stringify({ version: 1, serial: 8, hosts: { [`localhost:${scene.server.port}`]: entry } })

const strange = (character: string) => `sha256/${character.repeat(42)}A=`

const REFUSED: readonly Refused[] = [
  {
    name: 'that a host fails under',
    prepare: (scene) => readied(scene, scene.text(8, [reserve.pin, next.pin])),
    code: 'ERR_PIN_MISMATCH',
    message: /localhost:\d+ {2}refused {2}ERR_PIN_MISMATCH/,
    at: 'testSecret',
  },
  {
    name: 'whose host cannot be reached',
    prepare: async (scene) => {
      await readied(scene)
      await scene.server.close()
    },
    code: 'ECONNREFUSED',
    message: /unreachable {2}ECONNREFUSED/,
    at: 'testSecret',
    isDown: true,
  },
  {
    name: 'made for a version that is not current any more',
    prepare: async (scene) => {
      await readied(scene)
      scene.endpoint.put(SECRET, scene.text(8, [today.pin, next.pin]))
    },
    code: 'base-moved',
    message: /is current, and version \S+, the candidate, was made for another/,
    at: 'createSecret',
    current: 8,
  },
  {
    name: 'of which nobody knows what it was made for',
    prepare: async (scene) => {
      const version = scene.endpoint.put(SECRET, scene.candidate, { stage: 'PinnedFetchCandidate' })
      await scene.approve(version)
    },
    code: 'base-unknown',
    message: /nothing says which version the candidate, \S+, was made for/,
    at: 'createSecret',
  },
  {
    name: 'that is no policy',
    prepare: (scene) => readied(scene, '{ "version": 1, "hosts": { "localhost": { "pin": [] } } }'),
    code: 'ERR_POLICY_MALFORMED',
    message: /hosts\.localhost\.pin|hosts\["localhost"\]\.pin/,
    at: 'createSecret',
  },
  {
    name: 'that is no JSON',
    prepare: (scene) => readied(scene, 'password: hunter2'),
    code: 'ERR_POLICY_MALFORMED',
    message: /is not JSON/,
    at: 'createSecret',
  },
  {
    name: 'with a lower serial',
    prepare: (scene) => readied(scene, scene.text(6, [next.pin, today.pin])),
    code: 'serial-falls',
    message: /serial 6 is lower than 7/,
    at: 'createSecret',
  },
  {
    name: 'without a serial where there was one',
    prepare: (scene) => readied(scene, scene.text(undefined, [next.pin, today.pin])),
    code: 'serial-falls',
    message: /serial is gone/,
    at: 'createSecret',
  },
  {
    name: 'with none of the pins of before',
    prepare: (scene) => readied(scene, scene.text(8, [next.pin, strange('B')])),
    code: 'every-pin-replaced',
    message: /holds none of the pins of before/,
    at: 'createSecret',
  },
  {
    name: 'that a host is gone from',
    prepare: (scene) =>
      readied(
        scene,
        JSON.stringify({ version: 1, serial: 8, hosts: { 'other.example': { pins: [today.pin, next.pin] } } }),
      ),
    code: 'host-refused',
    message: /is gone, and the default for other hosts is "deny"/,
    at: 'createSecret',
  },
  {
    name: 'with a wildcard that nobody can ask',
    prepare: (scene) => {
      const hosts = { ...JSON.parse(scene.candidate).hosts, '*.partner.example': { pins: [next.pin, today.pin] } }
      return readied(scene, JSON.stringify({ version: 1, serial: 8, hosts }))
    },
    code: 'no-host-seen',
    message: /it changes "\*\.partner\.example", and no host below could be asked/,
    at: 'testSecret',
  },
  {
    name: 'that enforces a wildcard which only reported, and which nobody can ask',
    prepare: (scene) => {
      const wild = (fields: object) => ({ '*.partner.example': { pins: [strange('B'), reserve.pin], ...fields } })
      return change(scene, beside(scene, 7, wild({ mode: 'report' })), beside(scene, 8, wild({})))
    },
    code: 'no-host-seen',
    message: /it changes "\*\.partner\.example"/,
    at: 'testSecret',
  },
  {
    name: 'that narrows the default',
    prepare: (scene) => change(scene, beside(scene, 7, {}, { default: 'report' }), beside(scene, 8, {})),
    code: 'host-refused',
    message: /default was "report": every call to a host that no entry covers is refused/,
    at: 'createSecret',
  },
  {
    name: 'with the last serial of all',
    prepare: (scene) => readied(scene, scene.text(Number.MAX_SAFE_INTEGER, [next.pin, today.pin])),
    code: 'serial-ends',
    message: /is the last one that there is/,
    at: 'createSecret',
  },
  {
    name: 'whose bytes are no UTF-8',
    prepare: async (scene) => {
      const bytes = Buffer.from(only(scene, { pins: [{ sha256: next.pin.slice(7), name: 'k~y' }, today.pin] }))
      bytes[bytes.indexOf('~')] = 0xff
      const versionId = versionIdFor('propose', scene.base, new TextDecoder().decode(bytes))
      scene.endpoint.put(SECRET, bytes, { stage: 'PinnedFetchCandidate', versionId })
      await scene.approve(versionId)
    },
    code: 'not-utf8',
    message: /holds bytes that are no UTF-8/,
    at: 'createSecret',
  },
  {
    name: 'whose only pin that matches is about to expire',
    prepare: (scene) =>
      readied(scene, only(scene, { pins: [{ sha256: today.pin.slice(7), expires: soon() }, reserve.pin] })),
    code: 'ERR_PINS_EXPIRED',
    message: /calls pass now, and would fail under it by \S+Z:\n {2}localhost:\d+ {2}refused {2}ERR_PINS_EXPIRED/,
    at: 'testSecret',
  },
  {
    name: 'whose host passes by "reportUntil" alone, which is about to end',
    prepare: (scene) => readied(scene, only(scene, { pins: [reserve.pin, next.pin], reportUntil: soon() })),
    code: 'ERR_PIN_MISMATCH',
    message: /calls pass now, and would fail under it by \S+Z:\n {2}localhost:\d+ {2}refused {2}ERR_PIN_MISMATCH/,
    at: 'testSecret',
  },
  {
    name: 'under which many hosts fail, of which it tells some',
    prepare: (scene) => {
      const ports = Array.from({ length: 50 }, (_, index) => index + 1)
      const down = Object.fromEntries(ports.map((port) => [`127.0.0.1:${port}`, { pins: [today.pin, next.pin] }]))
      return readied(scene, beside(scene, 8, down))
    },
    code: 'ECONNREFUSED',
    message: /^calls would fail under it:\n( {2}127\.0\.0\.1:\d+ .*\n){20} {2}and 30 more\n/,
    at: 'testSecret',
  },
]

describe('refused is a candidate', () => {
  for (const { name, prepare, code, message, at, current = 7, isDown = false } of REFUSED) {
    it(name, async (t) => {
      const scene = await rotationScene(t)
      await prepare(scene)
      const run = await scene.rotate()
      assert.equal(run.steps.at(-1), at, failureOf(run))
      assert.match(failureOf(run), message)
      assert.doesNotMatch(failureOf(run) + scene.running.stdout.join(), /hunter2/)
      const stages = await scene.stages()
      assert.equal(stages['AWSCURRENT'], current)
      assert.deepEqual(await scene.ended(), [`refused ${code}`])
      if (!isDown) await scene.call()
    })
  }

  it('that leaves a host to the entry of others, under which it fails', async (t) => {
    const scene = await rotationScene(t)
    const own = { [`localhost:${scene.server.port}`]: { pins: [today.pin, reserve.pin] } }
    const wide = { localhost: { pins: [reserve.pin, next.pin] } }
    const text = (serial: number, hosts: object) => JSON.stringify({ version: 1, serial, hosts })
    await change(scene, text(7, { ...own, ...wide }), text(8, wide))
    // Nobody answers for `localhost` itself, perhaps; what counts is that the place of before was asked.
    assert.match(
      failureOf(await scene.rotate()),
      new RegExp(`localhost:${scene.server.port} {2}refused {2}ERR_PIN_MISMATCH`),
    )
    assert.equal((await scene.stages())['AWSCURRENT'], 7)
    await scene.call()
  })
})
