/**
 * The edit of a policy, wherever it is: in a file, or in a secret (`secret:<name or ARN>`).
 */

import type { ExitCode } from '../failure.ts'
import { secretOf, wholeSecret } from '../secret/address.ts'
import type { Context } from '../verb.ts'
import type { EditOptions, Editor } from './edited.ts'
import { editFile } from './edited-file.ts'
import { editSecret } from './edited-secret.ts'

export async function editPolicy(
  context: Context,
  place: string,
  options: EditOptions,
  editor: Editor,
): Promise<ExitCode> {
  if (secretOf(place) === undefined) return await editFile(context, place, options, editor)
  return await editSecret(context, wholeSecret(place), options, editor)
}
