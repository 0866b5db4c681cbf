/**
 * The world in which the examples of the documentation are run: the partner's API, Secrets Manager with the partner's
 * pins, and the project of somebody who has installed the package.
 *
 * Examples run as they stand on the page, except that `https://api.partner.example` gets the port of the test's server,
 * and that a shell's `api.partner.example:443` becomes its address.
 */

import { execFile, fork } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { intermediateOf, leafOf, presented, rootAuthority } from '../support/authority.ts'
import { awsEnvironment, startSecretsEndpoint } from '../support/secrets-endpoint.ts'
import { startTlsServer, type TlsServer } from '../support/tls-server.ts'
import type { Block } from './markdown.ts'
import type { Played } from './play.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PLAY = fileURLToPath(new URL('play.ts', import.meta.url))
const BIN = join(ROOT, 'node_modules/.bin')

const HOST = 'api.partner.example'
const SECRET_ID = 'prod/partner-pins'
/** As the documentation of AWS writes an identifier. */
const VERSION_ID = 'EXAMPLE1-90ab-cdef-fedc-ba987EXAMPLE'

/** In a comment above a block: the partner's server shows a certificate of a CA that is trusted and not pinned. */
export const ANOTHER_KEY = 'the partner shows another key'

export interface Stage {
  readonly partner: TlsServer
  /** What the partner announced. */
  readonly pins: { readonly leaf: string; readonly issuer: string }
  /** Writes a file into the project. */
  write(name: string, content: string): void
  /** Runs a `js` or `ts` block in the situation that its comment names. */
  play(block: Block): Promise<Played & { readonly stdout: string }>
  /** Type-checks what `play` and `write` have put into the project; the compiler's complaints. */
  typecheck(): Promise<string>
  /** Runs a `sh` block; what it printed. */
  shell(block: Block): Promise<string>
  /** A text that was printed here, as it reads where the partner's API has its usual port. */
  atUsualPort(text: string): string
  close(): Promise<void>
}

export async function setStage(): Promise<Stage> {
  const root = await rootAuthority('Partner Root')
  const issuer = await intermediateOf(root, 'Partner Issuing CA 3')
  const leaf = await leafOf(issuer, [HOST])
  const reserve = await intermediateOf(root, 'Partner Issuing CA 4')
  const otherRoot = await rootAuthority('Another Root')
  const otherIssuer = await intermediateOf(otherRoot, 'Another Issuing CA')
  const otherLeaf = await leafOf(otherIssuer, [HOST])

  const partner = await startTlsServer(presented(leaf, issuer))
  const secrets = await startSecretsEndpoint()
  const policy = { version: 1, hosts: { [HOST]: { pins: [issuer.pin, reserve.pin] } } }
  secrets.put(SECRET_ID, JSON.stringify(policy), { versionId: VERSION_ID })

  const folder = mkdtempSync(join(tmpdir(), 'pinned-fetch-documentation-'))
  const project = installIn(folder)
  const write = (name: string, content: string) => writeFileSync(join(project, name), content)
  write('partner-ca.pem', issuer.certificate)
  write('roots.pem', root.certificate + otherRoot.certificate)
  const environment = {
    ...awsEnvironment(secrets),
    NODE_EXTRA_CA_CERTS: join(project, 'roots.pem'),
    AWS_LAMBDA_FUNCTION_NAME: 'quotes',
  }

  return {
    partner,
    pins: { leaf: leaf.pin, issuer: issuer.pin },
    write,
    async play({ code, language, line, comment }) {
      const name = `block-of-line-${line}.${language}`
      write(name, code.replaceAll(`https://${HOST}`, `https://${HOST}:${partner.port}`))
      const showsAnotherKey = comment?.endsWith(ANOTHER_KEY) === true
      partner.present(showsAnotherKey ? presented(otherLeaf, otherIssuer) : presented(leaf, issuer))
      return await playFile(join(project, name), environment)
    },
    typecheck: () => typecheckIn(project),
    async shell({ code }) {
      const command = code.replaceAll(`-connect ${HOST}:443`, `-connect 127.0.0.1:${partner.port}`)
      partner.present(presented(leaf, issuer))
      return (await promisify(execFile)('sh', ['-euc', command], { cwd: project })).stdout
    },
    atUsualPort: (text) => text.replaceAll(`"port":${partner.port}`, '"port":443').replaceAll(`:${partner.port}`, ''),
    async close() {
      await Promise.all([partner.close(), secrets.close()])
      rmSync(folder, { recursive: true })
    },
  }
}

/** A project beside which `node_modules/pinned-fetch` is this repository. */
function installIn(folder: string): string {
  const project = join(folder, 'project')
  mkdirSync(project)
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(ROOT, join(folder, 'node_modules/pinned-fetch'))
  symlinkSync(join(ROOT, 'node_modules'), join(project, 'node_modules'))
  writeFileSync(join(project, 'package.json'), JSON.stringify({ type: 'module' }))
  writeFileSync(
    join(project, 'tsconfig.json'),
    JSON.stringify({ extends: join(ROOT, 'tsconfig.json'), compilerOptions: { checkJs: false }, include: ['*.ts'] }),
  )
  return project
}

function playFile(file: string, env: NodeJS.ProcessEnv): Promise<Played & { readonly stdout: string }> {
  const execArgv = ['--conditions=@pinned-fetch/source']
  const child = fork(PLAY, [file], { execArgv, env, cwd: dirname(file), stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
  let stdout = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  return new Promise((resolve, reject) => {
    let played: Played | undefined
    child.once('message', (message: Played) => {
      played = message
    })
    child.once('error', reject)
    child.once('close', (code) => {
      if (played === undefined) reject(new Error(`The example's process ended with ${code} and told nothing`))
      else resolve({ ...played, stdout })
    })
  })
}

async function typecheckIn(project: string): Promise<string> {
  try {
    return (await promisify(execFile)(join(BIN, 'tsc'), ['--noEmit', '--project', project])).stdout
  } catch (error) {
    return String((error as { stdout?: string }).stdout)
  }
}
