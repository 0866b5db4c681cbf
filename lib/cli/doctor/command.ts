/**
 * `pinned-fetch doctor <url>`: what it takes.
 */

import { addHostOptions } from '../hosts/options.ts'
import type { Define } from '../verb.ts'
import type { DoctorOptions } from './work.ts'

export const defineDoctor: Define = (program, act) => {
  const command = program
    .command('doctor')
    .summary('why a call fails: everything between here and a host, looked at one by one')
    .description(
      'Goes the way of a call, from the name to the pins, and says of each step whether it works and what to do. The ' +
        'deepest fault is named as the cause. Ends with 1 when there is one.\n\n' +
        'What it sends: a name look-up, a TCP connection, and one TLS handshake without a byte after it. Once the ' +
        'certificates are verified, their dates aside, and the policy does not refuse them: one "HEAD /" without ' +
        'credentials, for the clock of the host. To the places that verified certificates name: one GET for each ' +
        'revocation list.',
    )
    .argument('<url>', 'a URL, a host, or host:port; path, query and user are not looked at')
    .option('--policy <policy>', 'a file, "-", or secret:<name or ARN>: would it let the call out?')
  addHostOptions(command)
    .option('--crl <file>', 'a revocation list, in PEM or DER; may be repeated', collect, [])
    .option('--fetch', 'fetch a missing issuer as well, from where an unverified certificate says that it is')
    .option('--no-fetch', 'fetch no revocation list')
    .option('--send-request', 'send the "HEAD /" whatever the certificates are')
    .option('--no-send-request', 'never send it')
    .option('--chain <file>', 'ask nobody: look at recorded certificates, PEM, the leaf first')
    .option('--at <instant>', 'with --chain, the time to judge at, such as 2026-03-01T00:00:00Z; default: now')
    .option('--bundle <file>', 'write all of it as JSON that can be given away: no credentials, no variables’ values')
    .action(act<[string, DoctorOptions]>(async () => (await import('./work.ts')).doctor))
}

function collect(value: string, former: readonly string[]): readonly string[] {
  return [...former, value]
}
