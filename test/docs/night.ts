/**
 * The world in which a runbook is followed: the partner's host, the secret with its pins, a shell with `pinned-fetch`
 * and `aws` on its PATH, and what happens meanwhile.
 *
 * The page's commands run as they stand there. What a page can't know is arranged around them: the partner's host is on
 * this machine (this-machine.ts), its authorities are trusted (NODE_EXTRA_CA_CERTS), and each pin that a page writes
 * stands for the key that the story gives it.
 */

import { spawn } from 'node:child_process'
import { appendFileSync, chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RotateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { type Held, intermediateOf, leafOf, presented, rootAuthority } from '../support/authority.ts'
import {
  awsClientOptions,
  awsEnvironment,
  type SecretsEndpoint,
  startSecretsEndpoint,
} from '../support/secrets-endpoint.ts'
import { startTlsServer, type TlsServer } from '../support/tls-server.ts'

export const HOST = 'api.partner.example'
export const SECRET = 'prod/partner-pins'

const FUNCTION = 'arn:aws:lambda:us-east-1:123456789012:function:rotation'

const MAIN = fileURLToPath(new URL('../../lib/cli/main.ts', import.meta.url))
const AWS = fileURLToPath(new URL('aws.ts', import.meta.url))
const CALL = fileURLToPath(new URL('call.ts', import.meta.url))
const ROTATION = fileURLToPath(new URL('rotation.ts', import.meta.url))
const HERE = new URL('this-machine.ts', import.meta.url).href
const CONDITION = '--conditions=@pinned-fetch/source'

const root = await rootAuthority('Partner Root')
const issuer = await intermediateOf(root, 'Partner Issuing CA 3')
const strangeRoot = await rootAuthority('Another Root')
const strangeIssuer = await intermediateOf(strangeRoot, 'Another Issuing CA')

/** The keys of the stories, each under the pin that the pages write for it. */
export const KEYS = {
  /** What the partner serves today. */
  today: { pin: 'sha256/grX4Ta9HpZx6tSHkmCrvpApTQGo67CYDnvprLg5yRME=', held: await leafOf(issuer, [HOST]) },
  /** What it goes to. */
  next: { pin: 'sha256/klO23nT2ehFDXCfx3eHTDRESMz3asj1muO+4aIdjiuY=', held: await leafOf(issuer, [HOST]) },
  /** Its backup. */
  backup: { pin: 'sha256/A64jkQQCK7leZxsDfjil6cgPOJ7uE3ZHlgPlk+jGPkM=', held: await leafOf(issuer, [HOST]) },
  /** A trusted certificate for its name that nobody announced. */
  stranger: { pin: 'sha256/oeT2K6zS0BqTR8SN5tgMzDm82W+HCZPbs+egIdPAVSo=', held: await leafOf(strangeIssuer, [HOST]) },
} as const

/** Each command is a process: what one has compiled the next need not. */
const COMPILED = mkdtempSync(join(tmpdir(), 'pinned-fetch-compiled-'))
process.once('exit', () => rmSync(COMPILED, { recursive: true, force: true }))

/** What a command says when it waits for longer than a second (`Voice.during`). */
const PATIENCE = /^[a-zA-Z0-9 ]+ …\n/gm

export type KeyName = keyof typeof KEYS

export interface Said {
  /** Standard output and standard error in their order, as on a terminal. */
  readonly output: string
  readonly exitCode: number
}

export interface Night {
  readonly secrets: SecretsEndpoint
  readonly partner: TlsServer
  /** From the next handshake on. */
  show(key: KeyName): void
  /** Writes a version of the secret, as somebody else would: `77777777-…` for 7. */
  put(digit: number, text: string): void
  /** As a deployment does: from then on the secret has its rotation function. */
  enableRotation(): Promise<void>
  /** A call as a function makes it; its log lines are in the log group from then on. */
  call(): Promise<void>
  /** Puts a file on the desk of whoever follows the page; without text it is taken away. */
  lay(name: string, text?: string): void
  /** Runs a block of commands. */
  shell(code: string): Promise<Said>
  close(): Promise<void>
}

export async function startNight(): Promise<Night> {
  const folder = mkdtempSync(join(tmpdir(), 'pinned-fetch-night-'))
  const [partner, secrets] = await Promise.all([
    startTlsServer(chainOf('today'), { respond: () => ({ headers: { connection: 'close' } }) }),
    startSecretsEndpoint(),
  ])
  const bin = join(folder, 'bin')
  const desk = join(folder, 'desk')
  const log = join(folder, 'log')
  mkdirSync(bin)
  mkdirSync(desk)
  writeFileSync(log, '')
  writeFileSync(join(folder, 'roots.pem'), root.certificate + strangeRoot.certificate)
  install(bin, 'pinned-fetch', `exec node ${CONDITION} '${MAIN}' "$@"`)
  install(bin, 'aws', `exec node ${CONDITION} '${AWS}' "$@"`)
  const env = {
    ...awsEnvironment(secrets),
    PATH: [bin, dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter),
    HOME: desk,
    NODE_EXTRA_CA_CERTS: join(folder, 'roots.pem'),
    NODE_OPTIONS: `--import=${HERE}`,
    NODE_COMPILE_CACHE: COMPILED,
    PARTNER_PORT: String(partner.port),
    LOG_GROUP: log,
    PINNED_FETCH_SECRET_ID: SECRET,
    POWERTOOLS_SERVICE_NAME: 'quotes',
  }
  secrets.rotateWith(async (event) => {
    const { output, exitCode } = await run('node', [CONDITION, ROTATION, JSON.stringify(event)], { cwd: desk, env })
    appendFileSync(log, output.replaceAll(/^(?!\{).*\n/gm, ''))
    return exitCode === 0 ? { kind: 'response', body: null } : { kind: 'error', body: output }
  })
  let clock = Date.now() - 86_400_000
  return {
    secrets,
    partner,
    show: (key) => partner.present(chainOf(key)),
    put(digit, text) {
      // A minute apart, so that the order in which they were written is known.
      clock += 60_000
      const versionId = `${String(digit).repeat(8)}-0000-4000-8000-000000000000`
      secrets.put(SECRET, text, { versionId, created: new Date(clock) })
    },
    lay(name, text) {
      if (text === undefined) rmSync(join(desk, name), { force: true })
      else writeFileSync(join(desk, name), text)
    },
    async enableRotation() {
      const client = new SecretsManagerClient(awsClientOptions(secrets))
      const ended = secrets.whenRotated()
      const input = { SecretId: SECRET, RotationLambdaARN: FUNCTION, RotateImmediately: false }
      await client.send(new RotateSecretCommand(input))
      client.destroy()
      const { failure } = await ended
      if (failure !== undefined) throw new Error(`the rotation function can't do its work: ${failure}`)
    },
    async call() {
      const { output } = await run('node', [CONDITION, CALL], { cwd: desk, env })
      appendFileSync(log, output)
    },
    async shell(code) {
      // RotateSecret answers when the rotation begins; whoever reads on reads slower than this.
      const rotated = code.includes('rotate-secret') ? secrets.whenRotated() : undefined
      const said = await run('sh', ['-eu', '-c', `exec 2>&1\n${code}`], { cwd: desk, env })
      if (said.exitCode === 0) await rotated
      return said
    },
    async close() {
      await Promise.all([partner.close(), secrets.close()])
      rmSync(folder, { recursive: true })
    },
  }
}

/** A text of a page with the keys of the story in the place of the page's. */
export function withRealPins(text: string): string {
  return Object.values(KEYS).reduce(
    (result, { pin, held }) => result.replaceAll(pin.slice('sha256/'.length), held.pin.slice('sha256/'.length)),
    text,
  )
}

function chainOf(key: KeyName) {
  const { held } = KEYS[key]
  return presented(held as Held, key === 'stranger' ? strangeIssuer : issuer)
}

function install(bin: string, name: string, script: string): void {
  const file = join(bin, name)
  writeFileSync(file, `#!/bin/sh\n${script}\n`)
  chmodSync(file, 0o755)
}

function run(
  program: string,
  argv: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<Said> {
  const child = spawn(program, argv, { ...options, stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ output: output.replaceAll(PATIENCE, ''), exitCode: code ?? -1 }))
  })
}
