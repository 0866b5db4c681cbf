/**
 * What is shown before one policy takes the place of another: the differences, what would lock the owner out, and what
 * lint says of the newer one. Whether it may go on is for agreement.ts.
 */

import { type Change, describeChange, differencesOf } from '../../policy/difference.ts'
import { type Hazard, hazardsOf } from '../../policy/hazard.ts'
import { joinPolicies } from '../../policy/join.ts'
import { type Finding, lintPolicy } from '../../policy/lint.ts'
import { takeoversOf } from '../../policy/takeover.ts'
import type { Voice } from '../voice.ts'
import type { WrittenPolicy } from './document.ts'

export interface Review {
  readonly changes: readonly Change[]
  readonly hazards: readonly Hazard[]
  readonly findings: readonly Finding[]
}

/** Of every verb that writes to a secret. */
export interface WriteOptions {
  readonly yes?: boolean
  readonly dryRun?: boolean
  readonly force?: boolean
}

/** @param from unset: there was nothing */
export function reviewOf(from: WrittenPolicy | undefined, to: WrittenPolicy, now: number): Review {
  return {
    changes: differencesOf(from?.policy ?? joinPolicies([]), to.policy),
    hazards:
      from === undefined
        ? []
        : [
            ...signatureHazard(from, to),
            ...hazardsOf(from.policy, to.policy, now),
            ...takeoversOf(from.policy, to.policy),
          ],
    findings: lintPolicy(to.policy, now).filter(({ severity }) => severity === 'warning'),
  }
}

function signatureHazard(from: WrittenPolicy, to: WrittenPolicy): Hazard[] {
  if (!from.isSigned || to.isSigned) return []
  const message = 'is gone: guards that demand a signature refuse the document and go on with theirs'
  return [{ code: 'signature-gone', path: 'signature', message }]
}

export function textOfReview({ changes, hazards, findings }: Review, voice: Voice): string {
  const lines = [
    ...textOfChanges(changes, voice),
    ...hazards.map(({ path, message }) => voice.style('red', `! ${path}  ${message}`)),
    ...findings.map(({ path, message }) => voice.style('yellow', `? ${path}  ${message}`)),
  ]
  return lines.join('\n')
}

export function textOfChanges(changes: readonly Change[], voice: Voice): string[] {
  if (changes.length === 0) return ['no difference']
  return changes.map((change) => {
    const line = describeChange(change)
    return line.startsWith('+') ? voice.style('green', line) : line.startsWith('-') ? voice.style('red', line) : line
  })
}

/** What a dry run says. */
export const DRY_RUN = 'nothing was written: this was a dry run, as it is without a terminal; --yes does it'
