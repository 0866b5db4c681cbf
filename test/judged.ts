/**
 * What the tests of `judge` share: a leaf below one or two roots, its verified paths, and a verdict in a word or two.
 */

import assert from 'node:assert/strict'
import { PinnedFetchError } from '../lib/errors.ts'
import { type Call, judge, type Rules, type Verdict } from '../lib/judge.ts'
import { parsePolicy } from '../lib/policy/document.ts'
import type { PathResult } from '../lib/x509/path.ts'
import { type Held, intermediateOf, leafOf, mint, rootAuthority } from './support/authority.ts'
import { ask, HOST, trustOf } from './x509/question.ts'

export const NOW = Date.now()
export const HTTPS: Call = { protocol: 'https:', host: HOST, port: 443 }
export const HTTP: Call = { protocol: 'http:', host: HOST, port: 80 }

export const root = await rootAuthority('Root')
export const otherRoot = await rootAuthority('Other Root')
export const issuing = await intermediateOf(root, 'Issuing')
const issuingByOther = await mint({ subject: issuing.subject, keys: issuing, ca: true, issuer: otherRoot })
export const leaf = await leafOf(issuing, [HOST, 'b.test'])
/** Stands in no path. */
export const stranger = await rootAuthority('Stranger')

export const TRUST = [root, otherRoot]
export const TRUST_ID = trustOf(TRUST).id

/** Leaf, issuing CA, root: one path. */
export const onePath = ask([leaf, issuing], { anchors: TRUST, now: NOW })
/** The same leaf and issuing CA, below either root: two paths. */
export const twoPaths = ask([leaf, issuing, issuingByOther], { anchors: TRUST, now: NOW })

/** A policy with one entry for `a.test`, or with none that covers it; `rest` is the rest of the document. */
export function rulesOf(entry: object | undefined, rest: object = {}, mode?: 'enforce' | 'report'): Rules {
  const hosts = entry === undefined ? { 'other.test': { pins: [stranger.pin] } } : { [HOST]: entry }
  return { policy: parsePolicy({ version: 1, hosts, ...rest }), version: 'v7', mode }
}

export function verdictOf(rules: Rules, path: PathResult = onePath, now = NOW, call = HTTPS): Verdict {
  return judge(rules, call, { path, trustId: TRUST_ID }, now)
}

/** The decision, and the code where there is one. */
export function told(verdict: Verdict): string {
  return verdict.decision === 'accept' ? 'accept' : `${verdict.decision} ${verdict.error.code}`
}

export function evidenceOf(verdict: Verdict): Readonly<Record<string, unknown>> {
  assert.ok(verdict.decision !== 'accept')
  assert.ok(verdict.error instanceof PinnedFetchError)
  return verdict.error.evidence as unknown as Record<string, unknown>
}

export function pins(...held: readonly Held[]): string[] {
  return held.map(({ pin }) => pin)
}
