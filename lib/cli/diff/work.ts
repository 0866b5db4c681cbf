/**
 * What `diff` does: reads both, compares what they mean, and ends with 1 when they differ.
 */

import { EXIT } from '../failure.ts'
import { readPlace } from '../secret/document.ts'
import { reviewOf, textOfReview } from '../secret/review.ts'
import type { Work } from '../verb.ts'

export const diff: Work<[string, string, object]> = async ({ world, voice }, from, to) => {
  const [before, after] = await voice.during('reading both policies', async () => {
    return [await readPlace(from, world), await readPlace(to, world)] as const
  })
  const { changes, hazards } = reviewOf(before, after, world.now())
  // Advice is lint's business.
  const review = { changes, hazards, findings: [] }
  voice.result({ from: before.name, to: after.name, changes, hazards }, textOfReview(review, voice))
  return changes.length === 0 ? EXIT.ok : EXIT.findings
}
