/**
 * Pins and hosts as they are typed. What the policy's own readers refuse is a wrong command line here.
 */

import { findPinnedFetchError } from '../../errors.ts'
import { type HostPattern, parseHostPattern } from '../../policy/host.ts'
import { parseBarePin } from '../../policy/pin.ts'
import { CommandError, EXIT } from '../failure.ts'

/** @returns canonical base64, without prefix */
export function pinArgument(option: string, text: string): string {
  return typed(option, () => parseBarePin(text, option))
}

export function hostArgument(text: string): HostPattern {
  return typed(JSON.stringify(text), () => parseHostPattern(text, text))
}

function typed<Value>(what: string, parse: () => Value): Value {
  try {
    return parse()
  } catch (cause) {
    const ours = findPinnedFetchError(cause)
    if (ours?.code !== 'ERR_POLICY_MALFORMED') throw cause
    const { problem, repair } = ours.evidence
    throw new CommandError(`${what} ${problem}`, repair, { exitCode: EXIT.usage, cause })
  }
}
