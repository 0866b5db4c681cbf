/**
 * `pinned-fetch backup-key <name…>`: what it takes.
 */

import type { Define } from '../verb.ts'
import type { BackupKeyOptions } from './work.ts'

export const defineBackupKey: Define = (program, act) => {
  program
    .command('backup-key')
    .summary('make the next key of a host, offline, and its pin')
    .description(
      'Makes the key pair that a host will use next and a certificate request for it, without any connection, and ' +
        'prints its pin. The private key is written for you alone (0600) and never printed. ' +
        'Or tells the pin of a key in AWS KMS.',
    )
    .argument('[name...]', 'the names the certificate will be for: hosts, "*.host", addresses')
    .option('--out <folder or prefix>', 'where to write <prefix>.key.pem and <prefix>.csr.pem', '.')
    .option('--type <type>', 'p256, p384, rsa3072 or ed25519', 'p256')
    .option('--password-file <file>', 'encrypt the private key with its first line')
    .option('--kms <key>', 'the pin of this KMS key (id, alias or ARN) instead of a new key')
    .action(act<[string[], BackupKeyOptions]>(async () => (await import('./work.ts')).backupKey))
}
