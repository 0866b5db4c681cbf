/**
 * May the policy be read from Secrets Manager, and how old is it?
 */

import { daysUntil } from '../../../policy/instant.ts'
import { type Check, ok, skip, warn } from '../finding.ts'

/** Nobody has looked at it for so long. */
const OLD_DAYS = 365

export const checkSecret: Check = ({ secret, now }) => {
  if (secret === undefined) return skip('no policy in a secret was named', '--policy secret:<name or ARN>')
  const { id, version, created, problem } = secret
  if (problem !== undefined) {
    const { name, hint, words } = problem
    return {
      state: 'fail',
      text: `"${id}" cannot be read: ${name}`,
      todo: hint,
      ...(words === '' ? {} : { aside: words }),
    }
  }
  const days = created === undefined ? undefined : daysUntil(now, created)
  const age = days === undefined ? '' : days < 1 ? ', written today' : `, written ${days} days ago`
  const text = `"${id}" can be read; AWSCURRENT is ${version ?? 'unnamed'}${age}`
  return days !== undefined && days > OLD_DAYS
    ? warn(text, 'look whether its pins are still right: pinned-fetch check')
    : ok(text)
}
