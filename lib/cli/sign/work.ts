/**
 * What `sign` does: read, check that it is a policy with a serial, sign it as it was written.
 */

import { parsePolicy } from '../../policy/document.ts'
import { formatInstant } from '../../policy/instant.ts'
import { isEnvelope, openEnvelope } from '../../source/envelope.ts'
import { CommandError, EXIT } from '../failure.ts'
import { parseEnd } from '../instant.ts'
import { writeFileWhole } from '../policy/file.ts'
import { readDocument } from '../policy/place.ts'
import { carrySidecar, sidecarOf } from '../pull/sidecar.ts'
import type { Work } from '../verb.ts'
import type { World } from '../world.ts'
import { seal } from './seal.ts'
import { type Signer, signerInFile, signerInKms } from './signer.ts'

export interface SignOptions {
  readonly key?: string
  readonly kms?: string
  readonly expires?: string
  /** Commander's form of `--no-expiry`. */
  readonly expiry: boolean
  readonly out?: string
}

export const sign: Work<[string, SignOptions]> = async ({ world, voice }, place, options) => {
  const expires = endOf(options, world)
  const { name, document } = await readDocument(place, world)
  if (isEnvelope(document))
    throw new CommandError(`${name} is signed already`, 'sign the policy inside it: pinned-fetch pull --unsigned', {
      exitCode: EXIT.usage,
    })
  const policy = parsePolicy(document)
  if (policy.serial === undefined) {
    throw new CommandError(`${name} has no "serial"`, 'add one, higher than that of the last document: "serial": 1')
  }
  const signer = await signerOf(options, world)
  const envelope = await voice.during('signing', () => seal(document, signer, expires))
  // As a guard will: what can't be opened is not published.
  await openEnvelope(envelope, { keys: [signer.verifyKey], now: world.now(), source: name })
  const text = JSON.stringify(envelope, null, 2)
  if (options.out === undefined) voice.result(envelope, text)
  else await writeFileWhole(options.out, `${text}\n`, world)
  // So that push can tell when the secret has moved since the policy was pulled.
  const isNoted = options.out !== undefined && place !== '-' && (await carrySidecar(place, options.out, world))
  const end = expires === undefined ? 'without end' : `until ${formatInstant(expires)}`
  voice.say(`${name}: serial ${policy.serial}, signed ${end} by key ${signer.verifyKey.id}`)
  if (isNoted) voice.say(`${sidecarOf(options.out ?? '')} notes the version for push`)
  return EXIT.ok
}

function endOf({ expires, expiry }: SignOptions, world: World): number | undefined {
  if (expires !== undefined) return parseEnd('--expires', expires, world.now())
  if (!expiry) return undefined
  throw new CommandError(
    'how long the signature is good must be said',
    '--expires 90d, or --no-expiry; until its end a document can be put in the place of a newer one',
    { exitCode: EXIT.usage },
  )
}

function signerOf({ key, kms }: SignOptions, world: World): Promise<Signer> {
  if ((key === undefined) === (kms === undefined)) {
    throw new CommandError('exactly one of --key and --kms signs', 'give --key private.pem, or --kms <id>', {
      exitCode: EXIT.usage,
    })
  }
  return kms === undefined ? signerInFile(key ?? '', world) : signerInKms(kms, world)
}
