import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { callToPlace } from '../../lib/net/call.ts'
import { authority } from '../../lib/net/proxy/address.ts'
import { parsePolicy } from '../../lib/policy/document.ts'
import { type TargetOptions, targetsOf } from '../../lib/watch/target.ts'
import { STRANGE_PIN } from '../lambda/scene.ts'

const HOSTS = ['api.a.test', 'api.a.test:8443', '[2001:db8::5]:444', '*.b.test', '**.c.test:9443']

const policy = parsePolicy({
  version: 1,
  hosts: Object.fromEntries(HOSTS.map((host) => [host, { pins: [STRANGE_PIN] }])),
})

function targets(options?: TargetOptions) {
  const { calls, unseen } = targetsOf(policy, options)
  return { places: calls.map(authority), unseen }
}

const EXACT = ['api.a.test:443', 'api.a.test:8443', '[2001:db8::5]:444']

describe('where a policy is looked at', () => {
  it('is every exact host, at its port or at that of HTTPS', () => {
    assert.deepEqual(targets(), { places: EXACT, unseen: ['*.b.test', '**.c.test:9443'] })
  })

  it('is also what was named, once, and a wildcard counts as seen only by what it covers', () => {
    const named = ['x.b.test', 'y.x.b.test', 'api.a.test:443', 'c.test'].map(callToPlace)
    assert.deepEqual(targets({ named }), {
      places: [...EXACT, 'x.b.test:443', 'y.x.b.test:443', 'c.test:443'],
      unseen: ['**.c.test:9443'],
    })
  })

  it('is no more than some patterns where only those are asked for', () => {
    assert.deepEqual(targets({ patterns: ['api.a.test:8443', '*.b.test'] }), {
      places: ['api.a.test:8443'],
      unseen: ['*.b.test'],
    })
    assert.deepEqual(targets({ patterns: [], named: [callToPlace('x.b.test')] }), {
      places: ['x.b.test:443'],
      unseen: [],
    })
  })
})
