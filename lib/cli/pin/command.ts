/**
 * `pinned-fetch pin <host or file…>`: what it takes.
 */

import { addHostOptions } from '../hosts/options.ts'
import type { Define } from '../verb.ts'
import type { PinOptions } from './work.ts'

const HELP = `
A file is what exists, has a "/" in it, or ends like one (.pem .crt .cer .der .key .csr .p12 .pfx); "-" is standard
input. Everything else is a host. A password of a private key or of PKCS#12 comes from --password-file or from
PINNED_FETCH_PASSWORD.`

export const definePin: Define = (program, act) => {
  const command = program
    .command('pin')
    .summary('the pins of hosts or of files, and a policy entry to start from')
    .description(
      'Makes one handshake with each host, sends nothing, and shows the path that verifies with a policy entry for it. ' +
        'Or shows the pins of files, without connecting: certificates, chains, keys, requests (PEM, DER) and PKCS#12.',
    )
    .argument('<host or file...>', 'host, host:port, an https URL, a file, or a folder of files')
    .option('--host', 'all of them are hosts')
    .option('--file', 'all of them are files')
    .option('--key <role>', 'which key of the path the entry pins: root, issuer or leaf', 'root')
    .option('--backup <pin or file>', 'a key that is not in use yet, for the entry; may be given again', append)
    .option('--password-file <file>', 'its first line is the password of the files')
  addHostOptions(command)
    .addHelpText('after', HELP)
    .action(act<[string[], PinOptions]>(async () => (await import('./work.ts')).pin))
}

function append(value: string, values: readonly string[] = []): readonly string[] {
  return [...values, value]
}
