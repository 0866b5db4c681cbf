/**
 * What `backup-key` does: a new key and its request on disk, or the public key of one in KMS; its pin on stdout.
 */

import { formatPin } from '../../policy/pin.ts'
import { CommandError, EXIT, type ExitCode } from '../failure.ts'
import { passwordOf } from '../pin/password.ts'
import { table } from '../table.ts'
import type { Context, Work } from '../verb.ts'
import { fileNameFor, requestedNames } from './names.ts'

export interface BackupKeyOptions {
  readonly out?: string
  readonly type?: string
  readonly passwordFile?: string
  readonly kms?: string
}

export const backupKey: Work<[string[], BackupKeyOptions]> = async (context, given, options) => {
  const names = requestedNames(given)
  if (options.kms !== undefined) return await tellKmsKey(context, options.kms)
  if (names.length > 0) return await makeKey(context, names, options)
  throw new CommandError('no name for the request', 'give the names that the certificate will be for, or --kms <key>', {
    exitCode: EXIT.usage,
  })
}

async function makeKey({ world, voice }: Context, names: readonly string[], options: BackupKeyOptions) {
  const { keyKindOf, newKey } = await import('./new-key.ts')
  const { placesFor, writeNew } = await import('./new-files.ts')
  const kind = keyKindOf(options.type ?? 'p256')
  const password = options.passwordFile === undefined ? undefined : await passwordOf(options.passwordFile, world)
  const places = await placesFor(options.out ?? '.', fileNameFor(names), world)
  const { privateKey, request, sha256 } = await newKey(kind, { names, password })
  await writeNew(places, { privateKey, request })
  const day = new Date(world.now()).toISOString().slice(0, 10)
  const pin = { sha256, name: `backup key of ${names[0]}, made ${day}` }
  const { key, csr } = places.shown
  const value = { pin: formatPin(sha256), type: kind, names, privateKey: key, request: csr, policyPin: pin }
  const facts = [
    ['pin', formatPin(sha256)],
    ['in "pins"', JSON.stringify(pin)],
    ['request', csr],
    ['private key', `${key} (${password === undefined ? 'not encrypted, ' : 'encrypted, '}for you alone)`],
  ]
  voice.result(value, table(facts))
  voice.say('now: add the pin to the policy, beside the key in use, and keep the private key offline')
  voice.say('at the next change: send the request to the CA, and put the certificate and this key into service')
  return EXIT.ok as ExitCode
}

async function tellKmsKey({ world, voice }: Context, id: string): Promise<ExitCode> {
  const { kmsKey } = await import('./kms.ts')
  const { arn, spec, usage, sha256 } = await voice.during(`asking KMS for ${id}`, () => kmsKey(id, world))
  const pin = { sha256, name: `KMS key ${arn.replace(/^.*:key\//, '')}` }
  const value = { pin: formatPin(sha256), key: arn, spec, usage, policyPin: pin }
  const facts = [
    ['pin', formatPin(sha256)],
    ['in "pins"', JSON.stringify(pin)],
    ['key', `${arn} (${spec}, ${usage})`],
  ]
  voice.result(value, table(facts))
  if (usage === 'SIGN_VERIFY' && !spec.includes('SECG')) return EXIT.ok
  voice.say('warning: no TLS server and no CA can use this key: it takes one for SIGN_VERIFY, RSA or on a NIST curve')
  return EXIT.findings
}
