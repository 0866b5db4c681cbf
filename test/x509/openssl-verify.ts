/**
 * `openssl verify` as a TLS client would use it: for a server, by its host name, at security level 2.
 */

import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface OpensslQuestion {
  readonly leaf: string
  readonly untrusted: readonly string[]
  readonly anchors: readonly string[]
  readonly host: string
  /** Milliseconds since the epoch. */
  readonly now: number
}

export interface OpensslAnswer {
  readonly accepted: boolean
  /** What OpenSSL said, on one line. */
  readonly said: string
}

export class OpensslVerify implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'openssl-verify-'))
  #asked = 0

  ask({ leaf, untrusted, anchors, host, now }: OpensslQuestion): Promise<OpensslAnswer> {
    const file = (name: string, pems: readonly string[]) => {
      const path = join(this.#folder, `${this.#asked}-${name}.pem`)
      writeFileSync(path, pems.join('\n'))
      return path
    }
    this.#asked += 1
    const options = ['-no-CApath', '-no-CAstore', '-purpose', 'sslserver', '-auth_level', '2']
    const question = [
      '-verify_hostname',
      host,
      '-attime',
      String(Math.floor(now / 1000)),
      '-CAfile',
      file('anchors', anchors),
    ]
    const others = untrusted.length === 0 ? [] : ['-untrusted', file('untrusted', untrusted)]
    return new Promise((resolve) => {
      execFile(
        'openssl',
        ['verify', ...options, ...question, ...others, file('leaf', [leaf])],
        (error, stdout, stderr) =>
          resolve({ accepted: error === null, said: `${stdout} ${stderr}`.replace(/\s+/g, ' ').trim() }),
      )
    })
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true })
  }
}
