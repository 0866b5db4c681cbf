/**
 * The plan of a rotation, played against a secret that is a list: AWS's rules in a few lines, and an interruption after
 * every single call.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parsePolicy } from '../../lib/policy/document.ts'
import {
  DRAFT,
  isFor,
  isOfPlan,
  nextSerial,
  outgoingPins,
  planPromote,
  planPublish,
  planReplace,
  planResume,
  planStart,
  planUndoByStage,
  type Rotation,
  rotationOf,
  type StagedVersion,
  type Step,
  take,
  versionIdFor,
} from '../../lib/policy/rotation.ts'

const A = 'sha256/grX4Ta9HpZx6tSHkmCrvpApTQGo67CYDnvprLg5yRME='
const B = 'sha256/klO23nT2ehFDXCfx3eHTDRESMz3asj1muO+4aIdjiuY='
const C = 'sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='

/** A secret by AWS's rules: one holder for a stage, AWSPREVIOUS follows AWSCURRENT, a move compares before it swaps. */
class Model {
  versions: StagedVersion[]

  constructor(...versions: StagedVersion[]) {
    this.versions = versions
  }

  run(steps: readonly Step[]): this {
    for (const step of steps) {
      if (step.call === 'move') this.#move(step.stage, step.from, step.to)
      else if (!this.versions.some(({ id }) => id === step.id)) {
        this.#set(DRAFT, undefined)
        this.versions.push({ id: step.id, stages: [DRAFT], text: step.text })
      }
    }
    return this
  }

  get rotation(): Rotation {
    const rotation = rotationOf(this.versions)
    assert.ok(rotation)
    return rotation
  }

  #move(stage: string, from: string | undefined, to: string | undefined): void {
    const holder = this.versions.find(({ stages }) => stages.includes(stage))?.id
    if (holder === to || (to === undefined && holder !== from)) return
    assert.equal(holder, from, `${stage} is where the plan saw it`)
    this.#set(stage, to)
    if (stage === 'AWSCURRENT') this.#set('AWSPREVIOUS', from)
  }

  #set(stage: string, holder: string | undefined): void {
    this.versions = this.versions.map(({ id, stages, text }) => ({
      id,
      stages: [...stages.filter((one) => one !== stage), ...(id === holder ? [stage] : [])],
      text,
    }))
  }

  stages(): Record<string, string> {
    return Object.fromEntries(
      this.versions.flatMap(({ stages, text }) => stages.map((stage) => [stage, text ?? ''])).toSorted(),
    )
  }
}

const begin = () => new Model({ id: 'one', stages: ['AWSCURRENT'], text: 'one' })

const started = () => begin().run(planStart('one', 'two'))
const two = versionIdFor('start', 'one', 'two')
const promoted = () => started().run(planPromote('one', two))

describe('the way of a rotation', () => {
  it('goes from idle over pending and promoted back to idle', () => {
    assert.equal(begin().rotation.phase, 'idle')
    const pending = started()
    assert.deepEqual(pending.stages(), { AWSCURRENT: 'one', AWSPENDING: 'two' })
    assert.deepEqual(
      [pending.rotation.phase, 'base' in pending.rotation && pending.rotation.base],
      ['pending', 'current'],
    )
    const current = promoted()
    assert.deepEqual(current.stages(), { AWSCURRENT: 'two', AWSPENDING: 'two', AWSPREVIOUS: 'one' })
    assert.equal(current.rotation.phase, 'promoted')
    const over = current.run(planReplace('retire', two, 'three'))
    assert.deepEqual(over.stages(), { AWSCURRENT: 'three', AWSPREVIOUS: 'two' })
    assert.equal(over.rotation.phase, 'idle')
  })

  it('goes back from pending by taking the stage, and the same candidate can come again', () => {
    const back = started().run([take('AWSPENDING', two)])
    assert.deepEqual(back.stages(), { AWSCURRENT: 'one' })
    assert.deepEqual(back.run(planStart('one', 'two')).stages(), { AWSCURRENT: 'one', AWSPENDING: 'two' })
  })

  it('goes back from promoted by a new version, or by the stage', () => {
    const undone = promoted().run(planReplace('undo', two, 'one again'))
    assert.deepEqual(undone.stages(), { AWSCURRENT: 'one again', AWSPREVIOUS: 'two' })
    assert.equal(undone.rotation.phase, 'idle')
    assert.deepEqual(promoted().run(planUndoByStage(two, 'one')).stages(), { AWSCURRENT: 'one', AWSPREVIOUS: 'two' })
  })

  it('sees that a candidate was made for another version, and which it cannot tell', () => {
    const moved = started().run(planPublish('push', 'one', 'other'))
    assert.equal('base' in moved.rotation && moved.rotation.base, 'moved')
    const foreign = new Model(
      { id: 'one', stages: ['AWSCURRENT'], text: 'one' },
      { id: '0b5ad8f0-9b8a-4a1c-8a53-0d9b0f4f1a11', stages: ['AWSPENDING'], text: 'two' },
    )
    assert.equal('base' in foreign.rotation && foreign.rotation.base, 'unknown')
    assert.equal(rotationOf([]), undefined)
  })

  it('is superseded by a push after promote: what is pending is no candidate for what is current', () => {
    const over = promoted().run(planPublish('push', two, 'other'))
    assert.deepEqual([over.rotation.phase, 'base' in over.rotation && over.rotation.base], ['pending', 'moved'])
  })
})

describe('an interruption', () => {
  for (const purpose of ['retire', 'undo'] as const) {
    const steps = planReplace(purpose, two, 'three')
    const end = { AWSCURRENT: 'three', AWSPREVIOUS: 'two' }
    for (let done = 0; done <= steps.length; done++) {
      it(`of ${purpose} after ${done} of ${steps.length} calls is recognised, and what is left ends the same`, () => {
        const model = promoted().run(steps.slice(0, done))
        const { rotation } = model
        if (rotation.phase === 'promoted') model.run(steps)
        else if (rotation.phase !== 'idle' && rotation.phase !== 'pending') model.run(planResume(rotation))
        assert.ok(rotation.phase !== 'pending')
        const { [DRAFT]: draft, ...rest } = model.stages()
        assert.deepEqual(rest, end)
        assert.ok(draft === undefined || draft === 'three')
      })
    }
  }

  it('of start or promote leaves what the same step begins from, or ends in', () => {
    for (const steps of [planStart('one', 'two')]) {
      for (let done = 0; done < steps.length; done++) {
        const { phase } = begin().run(steps.slice(0, done)).rotation
        assert.equal(phase, done < 2 ? 'idle' : 'pending')
        assert.equal(begin().run(steps.slice(0, done)).run(steps).rotation.phase, 'pending')
      }
    }
  })

  it('of going back by the stage leaves a candidate, which abort then takes', () => {
    const [first] = planUndoByStage(two, 'one')
    const { rotation } = promoted().run(first ? [first] : [])
    assert.deepEqual([rotation.phase, 'base' in rotation && rotation.base], ['pending', 'current'])
  })
})

describe('the id of a version', () => {
  it('is a UUID of version 8 that stands for step, base and text', () => {
    assert.ok(isOfPlan(two))
    assert.ok(!isOfPlan('0b5ad8f0-9b8a-4a1c-8a53-0d9b0f4f1a11'))
    const ids = new Set([
      two,
      versionIdFor('start', 'one', 'twO'),
      versionIdFor('start', 'One', 'two'),
      versionIdFor('push', 'one', 'two'),
    ])
    assert.equal(ids.size, 4)
    assert.ok(isFor('start', { id: two, stages: [], text: 'two' }, { id: 'one', stages: [] }))
    assert.ok(!isFor('start', { id: two, stages: [] }, { id: 'one', stages: [] }))
  })
})

describe('the pins that a rotation leads away from', () => {
  const outgoing = (from: unknown, to: unknown) =>
    outgoingPins(parsePolicy(from), parsePolicy(to)).map(
      ({ pattern, list, sha256 }) => `${pattern} ${list} sha256/${sha256}`,
    )

  it('are the first ones of the lists that it changed', () => {
    assert.deepEqual(outgoing({ 'a.example': [A] }, { 'a.example': [B, A] }), [`a.example pins ${A}`])
    assert.deepEqual(outgoing({ 'a.example': [A, B] }, { 'a.example': [A, B, C] }), [`a.example pins ${A}`])
  })

  it('are none of an entry that it left alone or brought, and none that is gone already', () => {
    assert.deepEqual(outgoing({ 'a.example': [A, B] }, { 'a.example': [A, B], 'b.example': [A, B] }), [])
    assert.deepEqual(outgoing({ 'a.example': [A] }, { 'a.example': [B, C] }), [])
  })
})

describe('the next serial', () => {
  it('is above all of them, and none where none has one', () => {
    const withSerial = (serial: number) => parsePolicy({ version: 1, serial, hosts: { 'a.example': { pins: [A] } } })
    const without = parsePolicy({ 'a.example': [A] })
    assert.equal(nextSerial([withSerial(3), without, withSerial(7)]), 8)
    assert.equal(nextSerial([without]), undefined)
  })
})
