/**
 * The options of the steps that look at hosts. Light, since the verb's definition imports it.
 *
 * Fewer than `addHostOptions` has: one `--servername` for all hosts of a policy would be wrong for most.
 */

import type { Command } from 'commander'
import type { HostOptions } from '../hosts/options.ts'
import type { WriteOptions } from '../secret/review.ts'

/** Of every step that looks at hosts. */
export interface LookOptions extends HostOptions {
  /** Names below wildcards, which can't be asked themselves. */
  readonly host?: readonly string[]
}

export interface WatchOptions extends LookOptions {
  /** Seconds. */
  readonly every?: string
}

export interface RetireOptions extends LookOptions, WriteOptions {
  readonly keep?: boolean
}

export interface ApproveOptions extends LookOptions, WriteOptions {
  readonly check?: boolean
  /** A version id, or the first eight characters or more of one. */
  readonly expect?: string
}

export function addLookOptions(command: Command): Command {
  return (
    command
      // Once for each: a list would take the secret that follows for a host.
      .option(
        '--host <host>',
        'a host (host or host:port) to look at as well, since wildcards name none; repeatable',
        collect,
      )
      .option('--ca <file>', 'trust the certificates of this file instead of the ones of Node')
      .option('--proxy <url>', 'go through this proxy (http, https or socks5), or "environment"')
      .option('--address <address>', 'where to connect to, when it is not where DNS says')
  )
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}
