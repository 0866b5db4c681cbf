/**
 * The policy after a rotation: what is current, without the pins that the rotation leads away from, with the next serial.
 */

import { findPinnedFetchError } from '../../errors.ts'
import { type PinPlace, textOfDocument, withoutPins, withSerial } from '../../policy/revision.ts'
import { outgoingPins } from '../../policy/rotation.ts'
import { policyOfText, type WrittenPolicy } from '../secret/document.ts'
import { policyOf, type Standing } from './standing.ts'

/** The pins that a promoted rotation leads away from. */
export function outgoingOf(standing: Standing): readonly PinPlace[] {
  const { rotation } = standing
  if (rotation.phase !== 'promoted' || rotation.previous === undefined) return []
  return outgoingPins(policyOf(standing, rotation.previous).policy, policyOf(standing, rotation.current).policy)
}

/** @returns `undefined` when no policy is left: a list would be empty */
export function successorOf(standing: Standing, outgoing: readonly PinPlace[]): WrittenPolicy | undefined {
  const { document, name, policy } = policyOf(standing, standing.rotation.current)
  const without = withoutPins(document, outgoing)
  const next = policy.serial === undefined ? without : withSerial(without, policy.serial + 1)
  try {
    return policyOfText(textOfDocument(next), `${name} without its old pins`)
  } catch (error) {
    if (findPinnedFetchError(error)?.code === 'ERR_POLICY_MALFORMED') return undefined
    throw error
  }
}
