/**
 * An edit of the policy that a secret holds now: pull, edit and push in one, for the night. It becomes current only in
 * the place of the version that was read, as with push.
 */

import { CURRENT, DRAFT, holderOf, planPublish, rotationOf, take, versionIdFor } from '../../policy/rotation.ts'
import { CommandError, EXIT, type ExitCode } from '../failure.ts'
import { mayTidy, writeIfAgreed } from '../secret/agreement.ts'
import { readVersion } from '../secret/document.ts'
import { textOfReview } from '../secret/review.ts'
import { Secret } from '../secret/secret.ts'
import type { Context } from '../verb.ts'
import { type EditOptions, type Editor, editedOf, refuseSigned } from './edited.ts'

export async function editSecret(
  context: Context,
  id: string,
  options: EditOptions,
  editor: Editor,
): Promise<ExitCode> {
  const { world, voice } = context
  return await voice.during('asking Secrets Manager', () =>
    Secret.with(id, world, async (secret) => {
      const { versions } = await secret.describe()
      const current = holderOf(versions, CURRENT)
      if (current === undefined) throw holdsNothing(id)
      const from = await readVersion(secret, current.id)
      refuseSigned(from, id)
      const edited = editedOf(from, editor(from), options, context)
      if (edited === undefined) {
        // What an earlier run left when its answer was lost.
        if (current.stages.includes(DRAFT) && mayTidy(options, context)) await secret.perform([take(DRAFT, current.id)])
        voice.result(
          { secret: id, version: current.id, changes: [], written: false },
          `secret "${id}": nothing to change`,
        )
        return EXIT.ok
      }
      if ((rotationOf(versions)?.phase ?? 'idle') !== 'idle') {
        voice.say(`a rotation is under way, made for another policy than this: pinned-fetch rotate status ${id}`)
      }
      const { to, review } = edited
      const version = versionIdFor('push', current.id, to.text)
      return await writeIfAgreed(context, options, {
        question: `put this into secret "${id}"?`,
        text: textOfReview(review, voice),
        value: (isWritten) => ({
          secret: id,
          ...review,
          serial: to.policy.serial,
          version: isWritten ? version : undefined,
        }),
        write: () => secret.perform(planPublish('push', current.id, to.text)),
        done: `secret "${id}": version ${version} is current, in the place of version ${current.id}`,
      })
    }),
  )
}

function holdsNothing(id: string): CommandError {
  return new CommandError(`secret "${id}" holds nothing`, `put a policy there: pinned-fetch push <file> ${id}`)
}
