/**
 * `pin <host…>`: what each host showed, and the policy for those whose chain verifies.
 *
 * All are asked at once and told in their order. A host that can't be asked does not hide the others.
 */

import { findPinnedFetchError } from '../../errors.ts'
import type { Probed } from '../../net/probe.ts'
import { CommandError, EXIT, type ExitCode } from '../failure.ts'
import type { HostOptions } from '../hosts/options.ts'
import { probeHost } from '../hosts/probe.ts'
import type { Context } from '../verb.ts'
import { adviceOn } from './advice.ts'
import { backupsOf } from './backups.ts'
import { choiceOf, pathToShow, type Role } from './choice.ts'
import { type Backup, type Entry, entryFor, policyOf } from './entry.ts'
import { isPublicRoot } from './public-roots.ts'
import { factsOf, type Shown, textOf } from './shown.ts'

export interface HostsOptions extends HostOptions {
  readonly role: Role
  readonly backup?: readonly string[]
  readonly passwordFile?: string
}

/** What is told of a host: what it showed, or why it could not be asked. */
type Told = { readonly place: string } & ({ readonly shown: Shown } | { readonly error: Error })

export async function showHosts(context: Context, places: readonly string[], options: HostsOptions): Promise<ExitCode> {
  const { voice, world } = context
  const backups = await backupsOf(options.backup ?? [], options, world)
  const told = await voice.during(`connecting to ${places.join(', ')}`, () =>
    Promise.all(places.map((place) => ask(place, options, backups, context))),
  )
  const shown = told.flatMap((one) => ('shown' in one ? [one.shown] : []))
  const failed = told.flatMap((one) => ('error' in one ? [one.error] : []))
  // Alone it is the command's own failure.
  if (shown.length === 0 && failed[0] !== undefined && !voice.isJson && failed.length === 1) throw failed[0]

  const entries = shown.flatMap(({ entry }) => entry ?? [])
  const document = entries.length === 0 ? undefined : policyOf(entries).document
  const texts = [...shown.map((one) => textOf(one, voice)), ...(document ? [JSON.stringify(document, null, 2)] : [])]
  const value = { hosts: told.map(factsAbout), ...(document === undefined ? {} : { policy: document }) }
  if (voice.isJson || texts.length > 0) voice.result(value, texts.join('\n\n'))
  for (const one of told) for (const line of linesAbout(one, backups)) voice.say(line)
  if (failed.length > 0) return EXIT.failed
  return entries.length < shown.length ? EXIT.findings : EXIT.ok
}

async function ask(
  place: string,
  options: HostsOptions,
  backups: readonly Backup[],
  { world }: Context,
): Promise<Told> {
  try {
    return { place, shown: shownBy(await probeHost(place, options, world), options, backups) }
  } catch (error) {
    if (error instanceof CommandError && error.exitCode === EXIT.usage) throw error
    if (error instanceof CommandError || findPinnedFetchError(error) !== undefined)
      return { place, error: error as Error }
    throw error
  }
}

function shownBy(probed: Probed, { role }: HostsOptions, backups: readonly Backup[]): Shown {
  const { verified } = probed.path
  // Two opinions: Node's, which every TLS connection needs, and ours, which a pin needs.
  if (verified === undefined || probed.problem !== undefined) return { probed }
  const path = pathToShow(verified, isPublicRoot)
  const choice = choiceOf(path, verified, role)
  const entry: Entry = entryFor({
    host: probed.servername,
    port: probed.port,
    choice,
    backups,
    verified,
    privateRoot: path.certificates
      .filter((_, index, all) => index === all.length - 1)
      .find((root) => !isPublicRoot(root)),
  })
  return { probed, path, choice, entry }
}

function factsAbout(told: Told): object {
  if ('shown' in told) return factsOf(told.shown)
  const { message } = told.error
  return {
    place: told.place,
    error: told.error instanceof CommandError ? { message, hint: told.error.hint } : { message },
  }
}

function linesAbout(told: Told, backups: readonly Backup[]): readonly string[] {
  if ('shown' in told) return adviceOn(told.shown, backups)
  const { error } = told
  return [`error: ${error.message}`, ...(error instanceof CommandError ? [`hint: ${error.hint}`] : [])]
}
