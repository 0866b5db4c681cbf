/**
 * The options of every verb that connects to hosts: how to get there, and whom to trust.
 *
 * Light, since a verb's definition imports it; what they mean is done in probe.ts.
 */

import type { Command } from 'commander'

/** As they were typed. */
export interface HostOptions {
  readonly proxy?: string | undefined
  readonly servername?: string | undefined
  readonly ca?: string | undefined
  readonly address?: string | undefined
}

export function addHostOptions(command: Command): Command {
  return command
    .option(
      '--proxy <url>',
      'go through this proxy (http, https or socks5), or "environment" for HTTPS_PROXY and so on',
    )
    .option('--servername <name>', 'the name to ask for and to verify, when it is not the host')
    .option('--ca <file>', 'trust the certificates of this file instead of the ones of Node')
    .option('--address <address>', 'where to connect to, with a port or without, when it is not where DNS says')
}
