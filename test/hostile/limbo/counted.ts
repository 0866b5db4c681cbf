/** Answers in counted words, as the table of docs/evidence.md has them: "63 accepted, 145 refused". */

import type { Result } from './divergences.ts'

export function counted(results: readonly Result[]): string {
  const accepted = results.filter((result) => result === 'accepted').length
  return `${accepted} accepted, ${results.length - accepted} refused`
}
