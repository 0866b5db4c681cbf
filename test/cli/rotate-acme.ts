/**
 * Pebble, Let's Encrypt's small ACME server (Debian package `pebble`), and as much of an ACME client (RFC 8555) as it
 * takes to get a certificate: account, order, http-01, finalize, download.
 */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { KeyObject, type webcrypto } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { type RequestOptions, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { Pkcs10CertificateRequestGenerator, SubjectAlternativeNameExtension } from '@peculiar/x509'
import { calculateJwkThumbprint, exportJWK, FlattenedSign, generateKeyPair, type JWK } from 'jose'
import { type Held, leafOf, pinOf, rootAuthority } from '../support/authority.ts'
import { freePort } from './rotate-port.ts'

export interface Issued {
  /** PKCS#8 PEM. */
  readonly key: string
  /** PEM, the leaf first, without the root. */
  readonly chain: readonly string[]
  readonly pin: string
}

export interface AcmeAuthority {
  /** PEM. */
  readonly root: string
  /** A certificate for a new key, after the validation of the name. */
  issue(name: string): Promise<Issued>
  close(): Promise<void>
}

/** Rounds of asking whether pebble is done, 20 ms apart. It needs two or three. */
const MAX_ROUNDS = 200

export function hasPebble(): boolean {
  try {
    execFileSync('pebble', ['-h'], { stdio: 'ignore' })
    return true
  } catch (error) {
    // The help ends with 2; what is not there has a code.
    return (error as NodeJS.ErrnoException).code !== 'ENOENT'
  }
}

export async function startPebble(): Promise<AcmeAuthority> {
  const folder = await mkdtemp(join(tmpdir(), 'pinned-fetch-pebble-'))
  const front = await rootAuthority('Front of Pebble')
  const [api, management, http] = [await freePort(), await freePort(), await freePort()]
  const child = await spawnPebble(folder, await leafOf(front, ['localhost']), { api, management, http })
  const answers = new Map<string, string>()
  const challenges = createHttpServer(({ url = '' }, response) => response.end(answers.get(url) ?? ''))
  challenges.listen(http)
  const [root] = await Promise.all([
    ask(`https://localhost:${management}/roots/0`, front.certificate, { method: 'GET' }),
    once(challenges, 'listening'),
  ])
  const client = await AcmeClient.open(`https://localhost:${api}/dir`, front.certificate, answers)
  return {
    root: root.text,
    issue: (name) => client.issue(name),
    async close() {
      child.kill()
      challenges.close()
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      await rm(folder, { recursive: true })
    },
  }
}

interface Ports {
  readonly api: number
  readonly management: number
  readonly http: number
}

async function spawnPebble(folder: string, front: Held, { api, management, http }: Ports): Promise<ChildProcess> {
  const [certificate, privateKey, config] = ['certificate.pem', 'key.pem', 'config.json'].map((name) =>
    join(folder, name),
  )
  await writeFile(certificate ?? '', front.certificate)
  await writeFile(privateKey ?? '', front.privateKey)
  const pebble = {
    listenAddress: `127.0.0.1:${api}`,
    managementListenAddress: `127.0.0.1:${management}`,
    certificate,
    privateKey,
    httpPort: http,
    tlsPort: await freePort(),
    ocspResponderURL: '',
    externalAccountBindingRequired: false,
  }
  await writeFile(config ?? '', JSON.stringify({ pebble }))
  const child = spawn('pebble', ['-config', config ?? ''], {
    env: { PATH: process.env['PATH'], PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line)
    if (line.includes('ACME directory available')) {
      child.stdout.resume()
      child.stderr.resume()
      return child
    }
  }
  throw new Error(`pebble ended:\n${said.join('\n')}`)
}

class AcmeClient {
  readonly #ca: string
  readonly #answers: Map<string, string>
  readonly #directory: Record<string, string>
  readonly #key: webcrypto.CryptoKey
  readonly #jwk: JWK
  #account: string | undefined
  #nonce: string

  private constructor(
    ca: string,
    answers: Map<string, string>,
    directory: Record<string, string>,
    nonce: string,
    pair: { key: webcrypto.CryptoKey; jwk: JWK },
  ) {
    this.#ca = ca
    this.#answers = answers
    this.#directory = directory
    this.#nonce = nonce
    this.#key = pair.key
    this.#jwk = pair.jwk
  }

  static async open(directoryUrl: string, ca: string, answers: Map<string, string>): Promise<AcmeClient> {
    const directory = JSON.parse((await ask(directoryUrl, ca, { method: 'GET' })).text)
    const { nonce } = await ask(directory.newNonce, ca, { method: 'HEAD' })
    const { privateKey: key, publicKey } = await generateKeyPair('ES256', { extractable: true })
    const client = new AcmeClient(ca, answers, directory, nonce, { key, jwk: await exportJWK(publicKey) })
    const { location } = await client.#post(directory.newAccount, { termsOfServiceAgreed: true })
    client.#account = location
    return client
  }

  async issue(name: string): Promise<Issued> {
    const { location: url, text } = await this.#post(this.#directory['newOrder'] ?? '', {
      identifiers: [{ type: 'dns', value: name }],
    })
    const order = JSON.parse(text)
    for (const authorization of order.authorizations) await this.#authorize(authorization)
    const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
    const csr = await Pkcs10CertificateRequestGenerator.create({
      name: `CN=${name}`,
      keys,
      signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
      extensions: [new SubjectAlternativeNameExtension([{ type: 'dns', value: name }])],
    })
    await this.#post(order.finalize, { csr: Buffer.from(csr.rawData).toString('base64url') })
    const { certificate } = await this.#until(url, 'valid')
    const { text: pem } = await this.#post(String(certificate))
    return {
      key: KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString(),
      chain: pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [],
      pin: pinOf(KeyObject.from(keys.publicKey)),
    }
  }

  async #authorize(url: string): Promise<void> {
    const { status, challenges } = JSON.parse((await this.#post(url)).text)
    if (status === 'valid') return
    const challenge = challenges.find(({ type }: { type: string }) => type === 'http-01')
    const answer = `${challenge.token}.${await calculateJwkThumbprint(this.#jwk)}`
    this.#answers.set(`/.well-known/acme-challenge/${challenge.token}`, answer)
    await this.#post(challenge.url, {})
    await this.#until(url, 'valid')
  }

  async #until(url: string, status: string): Promise<Record<string, unknown>> {
    let text = ''
    for (let round = 0; round < MAX_ROUNDS; round++) {
      text = (await this.#post(url)).text
      const resource = JSON.parse(text)
      if (resource.status === status) return resource
      if (resource.status === 'invalid') break
      await pause(20)
    }
    throw new Error(`pebble does not come to "${status}": ${text}`)
  }

  /** Without a payload: POST-as-GET (RFC 8555 section 6.3). */
  async #post(url: string, payload?: object): Promise<Answer> {
    const who = this.#account === undefined ? { jwk: this.#jwk } : { kid: this.#account }
    const bytes = payload === undefined ? '' : JSON.stringify(payload)
    const body = await new FlattenedSign(Buffer.from(bytes))
      .setProtectedHeader({ alg: 'ES256', nonce: this.#nonce, url, ...who })
      .sign(this.#key)
    const headers = { 'content-type': 'application/jose+json' }
    const answer = await ask(url, this.#ca, { method: 'POST', headers }, JSON.stringify(body))
    this.#nonce = answer.nonce
    if (answer.status >= 400) throw new Error(`pebble: ${url}: ${answer.status} ${answer.text}`)
    return answer
  }
}

interface Answer {
  readonly status: number
  readonly text: string
  readonly nonce: string
  readonly location: string
}

function ask(url: string, ca: string, options: RequestOptions, body = ''): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { ...options, ca, agent: false }, async (response) => {
      const chunks: Buffer[] = []
      for await (const chunk of response) chunks.push(chunk)
      resolve({
        status: response.statusCode ?? 0,
        text: Buffer.concat(chunks).toString(),
        nonce: String(response.headers['replay-nonce'] ?? ''),
        location: response.headers.location ?? '',
      })
    })
    sent.on('error', reject).end(body)
  })
}
