/**
 * What the tutorial guard understands of a policy document: pins by host. Everything else is a feature that it doesn't
 * have, and a test that needs it can't be played.
 */

import type { PinsByHost } from '../tutorial-guard.ts'
import { NotApplicable } from './plays.ts'

export interface Rules {
  readonly pinsByHost: PinsByHost
  readonly otherHosts: 'allow' | 'deny'
}

/** @throws {NotApplicable} for a document that asks for more */
export function rulesIn(document: unknown): Rules {
  const given = document as Readonly<Record<string, unknown>>
  if (!('version' in given)) return { pinsByHost: pinsIn(given), otherHosts: 'deny' }
  const { version, default: otherwise = 'deny', hosts, ...others } = given
  const [strange] = Object.keys(others)
  if (strange !== undefined) throw new NotApplicable(`it has no "${strange}" in a policy`)
  if (otherwise !== 'allow' && otherwise !== 'deny') throw new NotApplicable(`it has no default "${otherwise}"`)
  return { pinsByHost: pinsIn(hosts as Readonly<Record<string, unknown>>), otherHosts: otherwise }
}

function pinsIn(hosts: Readonly<Record<string, unknown>>): PinsByHost {
  return new Map(
    Object.entries(hosts).map(([host, entry]) => {
      if (host.startsWith('**')) throw new NotApplicable('it has no pattern "**."')
      if (/^[^:[]*:\d+$/.test(host)) throw new NotApplicable('it has no entry for a single port')
      return [host, new Set(listOf(entry))]
    }),
  )
}

function listOf(entry: unknown): readonly string[] {
  if (Array.isArray(entry)) return entry.map(textOf)
  const { pins, ...others } = entry as Readonly<Record<string, unknown>>
  const [strange] = Object.keys(others)
  if (strange !== undefined) throw new NotApplicable(`it has no "${strange}" of a host`)
  return listOf(pins)
}

function textOf(pin: unknown): string {
  if (typeof pin !== 'string') throw new NotApplicable('its pins do not expire')
  return pin
}
