/**
 * The policy from AWS Secrets Manager, by the AWS Parameters and Secrets Lambda Extension on localhost: no SDK is loaded.
 *
 *     pinnedFetch({ source: extensionSource({ secretId: 'prod/partner-pins' }) })
 *
 * The extension keeps a cache that nothing in the function can pass: what it answers may be `SECRETS_MANAGER_TTL` old
 * (at most, and by default, 300 s). So a rotation shows that much later than by the SDK, also to a call that was refused
 * and asks again. It answers nothing before INIT has ended; a load that began in INIT goes on asking until then.
 *
 * One connection for each question, so that none lives through a freeze; no proxy, no redirects. Messages quote neither
 * the token nor anything that was answered, the name of an AWS error aside.
 *
 * Not here: Parameter Store, which the extension serves as well; caching and pauses (store.ts).
 */

import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { PinnedFetchError } from '../errors.ts'
import { decodeDocument, MAX_DOCUMENT_BYTES } from './decode.ts'
import type { LoadedDocument, PolicySource } from './source.ts'

// Not by an import: to an ES module Node shows every export of node:http, and some of them load Node's own undici (40 ms).
const { get } = process.getBuiltinModule('node:http')

export interface ExtensionOptions {
  /** Name or ARN of the secret. */
  readonly secretId: string
}

const CURRENT_STAGE = 'AWSCURRENT'
const DEFAULT_PORT = 2773

/** The longest that the extension caches, and its default, s. A higher value counts as this one. */
const MAX_TTL_S = 300

/** ms that a load may take: less than the store waits (store.ts), so that its failure can say more than "too late". */
const DEADLINE_MS = 1_500

/** Pause before the extension is asked again while it starts, ms; doubles up to the second. A question costs under 1 ms. */
const START_PAUSE_MS = 10
const MAX_START_PAUSE_MS = 50

/** Questions in one load to an extension that is up and fails; it has asked Secrets Manager several times for each. */
const MAX_TRIES = 3
const TRY_PAUSE_MS = 50

/** In JSON a byte of the secret takes up to six (`\u003c`); the rest of the answer is well under 4 KiB. */
const MAX_ANSWER_BYTES = 6 * MAX_DOCUMENT_BYTES + 4_096

/** @throws {PinnedFetchError} `ERR_CONFIGURATION` */
export function extensionSource(options: ExtensionOptions): PolicySource {
  const secretId = secretIdOf(options)
  const name = `secret "${secretId}" (Lambda extension)`
  return {
    name,
    get cachedFor() {
      return cachedFor()
    },
    async load(signal) {
      const limit = AbortSignal.timeout(DEADLINE_MS)
      return await load(secretId, name, signal === undefined ? limit : AbortSignal.any([signal, limit]))
    },
  }
}

/** ms that the extension keeps a secret, by its own environment variables; what it would not understand is its default. */
function cachedFor(): number {
  const { PARAMETERS_SECRETS_EXTENSION_CACHE_ENABLED, PARAMETERS_SECRETS_EXTENSION_CACHE_SIZE, SECRETS_MANAGER_TTL } =
    process.env
  if (PARAMETERS_SECRETS_EXTENSION_CACHE_ENABLED?.toLowerCase() === 'false') return 0
  if (PARAMETERS_SECRETS_EXTENSION_CACHE_SIZE === '0') return 0
  const seconds = /^\d{1,9}$/.test(SECRETS_MANAGER_TTL ?? '') ? Number(SECRETS_MANAGER_TTL) : MAX_TTL_S
  return 1_000 * Math.min(seconds, MAX_TTL_S)
}

async function load(secretId: string, source: string, signal: AbortSignal): Promise<LoadedDocument> {
  let last: Failure | undefined
  for (let tries = 1; ; tries++) {
    const answer = await ask(secretId, source, signal)
    if (answer instanceof Answer && answer.status === 200) return documentOf(answer, source)
    const failure = answer instanceof Answer ? refusal(answer) : answer
    // Too late: what it said before says more.
    if (signal.aborted) throw unavailable(source, last ?? failure)
    if (failure.hope === 'none' || (failure.hope === 'some' && tries >= MAX_TRIES)) throw unavailable(source, failure)
    last = failure
    await pause(pauseAfter(failure, tries), undefined, { signal }).catch(() => {
      throw unavailable(source, failure)
    })
  }
}

function pauseAfter({ hope }: Failure, tries: number): number {
  return hope === 'some' ? TRY_PAUSE_MS * tries : Math.min(MAX_START_PAUSE_MS, START_PAUSE_MS * 2 ** (tries - 1))
}

class Answer {
  readonly status: number
  readonly body: string

  constructor(status: number, body: string) {
    this.status = status
    this.body = body
  }
}

interface Failure {
  readonly problem: string
  readonly repair: string
  /** Whether asking again may help: while the extension starts, surely; when it fails for now, a few times. */
  readonly hope: 'starting' | 'some' | 'none'
}

const LAYER = 'add the layer AWS-Parameters-and-Secrets-Lambda-Extension to the function; outside Lambda use "secretId"'
const LOG = 'see what the extension wrote into the log of the function'

function ask(secretId: string, source: string, signal: AbortSignal): Promise<Answer | Failure> {
  // Both are read at every call: Lambda may renew the token.
  const { AWS_SESSION_TOKEN: token, PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: givenPort = DEFAULT_PORT } = process.env
  if (!token) throw unavailable(source, { problem: 'AWS_SESSION_TOKEN is not set', repair: LAYER, hope: 'none' })
  const port = Number(givenPort)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    const problem = 'PARAMETERS_SECRETS_EXTENSION_HTTP_PORT is no port'
    throw unavailable(source, { problem, repair: 'set it to a number from 1 to 65535, or not at all', hope: 'none' })
  }
  const query = new URLSearchParams({ secretId, versionStage: CURRENT_STAGE })
  const asked = new Promise<Answer | Failure>((resolve) => {
    const request = get(
      {
        host: 'localhost',
        port,
        path: `/secretsmanager/get?${query}`,
        headers: { 'X-Aws-Parameters-Secrets-Token': token },
        // Instead of an Agent, the default one of which may keep connections or go through a proxy.
        createConnection: () => connect({ host: 'localhost', port }),
        signal,
      },
      (response) => {
        read(response).then(resolve, (error: unknown) => resolve(unanswered(error, signal)))
      },
    )
    request.on('error', (error) => resolve(unanswered(error, signal)))
  })
  // Node refuses to send a token that no header can hold.
  return asked.catch((error: unknown) => ({ ...unanswered(error, signal), hope: 'none' }))
}

async function read(response: IncomingMessage): Promise<Answer | Failure> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length
    // Leaving the loop destroys the response, and the connection with it.
    if (size > MAX_ANSWER_BYTES) {
      const problem = `it answered more than ${MAX_ANSWER_BYTES} bytes`
      return { problem, repair: `${LOG}: this can't be a secret`, hope: 'none' }
    }
    chunks.push(chunk)
  }
  return new Answer(response.statusCode ?? 0, Buffer.concat(chunks).toString())
}

/** No cause is kept: the error of a garbled answer carries its bytes. */
function unanswered(error: unknown, signal: AbortSignal): Failure {
  if (signal.aborted) return { problem: 'the extension did not answer in time', repair: LOG, hope: 'none' }
  const code = String((error as { code?: unknown } | undefined)?.code ?? 'no code')
  const isStarting = code === 'ECONNREFUSED' || code === 'ECONNRESET'
  const repair = code === 'ECONNREFUSED' ? LAYER : LOG
  return { problem: `the extension gave no answer (${code})`, repair, hope: isStarting ? 'starting' : 'some' }
}

/** What to do about the refusals of Secrets Manager that an owner can mend. */
const REPAIRS: { readonly [name: string]: string } = {
  ResourceNotFoundException:
    'create the secret, or correct "secretId"; one without an AWSCURRENT version counts as missing',
  AccessDeniedException: "grant the function's role secretsmanager:GetSecretValue on this secret",
  DecryptionFailure: "grant the function's role kms:Decrypt on the key of this secret",
  InvalidRequestException: 'check that the secret is not scheduled for deletion',
  ThrottlingException: 'nothing, if it passes; otherwise raise SECRETS_MANAGER_TTL',
}

function refusal({ status, body }: Answer): Failure {
  const name = /\b[A-Z][A-Za-z]{1,60}(?:Exception|Failure|Error)\b/.exec(body)?.[0]
  // Named by AWS: the extension has retried what may pass, and to ask again would ask Secrets Manager again.
  if (name !== undefined) {
    return { problem: `the extension answered ${status} ${name}`, repair: REPAIRS[name] ?? LOG, hope: 'none' }
  }
  if (status === 400 && /not ready/i.test(body)) {
    const repair = 'nothing, if it passes: the extension answers from the first invocation on, not during INIT'
    return { problem: 'the extension is not ready yet', repair, hope: 'starting' }
  }
  if (status === 401 || status === 403) {
    const repair = 'check that nothing changes AWS_SESSION_TOKEN'
    return { problem: `the extension refused the token (${status})`, repair, hope: 'none' }
  }
  // Under load it answers 400 as well.
  const mayPass = status === 400 || status === 429 || status >= 500
  return { problem: `the extension answered ${status}`, repair: LOG, hope: mayPass ? 'some' : 'none' }
}

function documentOf({ body }: Answer, source: string): LoadedDocument {
  const { SecretString, SecretBinary, VersionId, VersionStages } = fieldsOf(body, source)
  if (Array.isArray(VersionStages) && !VersionStages.includes(CURRENT_STAGE)) {
    throw strange(source, `a version that is not ${CURRENT_STAGE}`)
  }
  const binary = typeof SecretBinary === 'string' ? Buffer.from(SecretBinary, 'base64') : ''
  const document = decodeDocument(typeof SecretString === 'string' ? SecretString : binary, source)
  return { document, stage: CURRENT_STAGE, ...(typeof VersionId === 'string' ? { version: VersionId } : {}) }
}

function fieldsOf(body: string, source: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  } catch {
    // Told below: the engine's message would quote the secret.
  }
  throw strange(source, 'something else than a secret')
}

function strange(source: string, what: string): PinnedFetchError {
  const repair = 'check what listens on the port of the extension'
  return unavailable(source, { problem: `the extension answered ${what}`, repair, hope: 'none' })
}

function unavailable(source: string, { problem, repair }: Failure): PinnedFetchError {
  return new PinnedFetchError('ERR_POLICY_UNAVAILABLE', { source, problem, repair })
}

/** An unknown option would silently be its default; `secretId` is the only one. */
function secretIdOf(options: ExtensionOptions): string {
  const wrong = (option: string, problem: string) => {
    const repair = "write extensionSource({ secretId: 'prod/partner-pins' })"
    return new PinnedFetchError('ERR_CONFIGURATION', { option, problem, repair })
  }
  const unknown = Object.keys(options ?? {}).find((name) => name !== 'secretId')
  if (unknown !== undefined) throw wrong(unknown, 'is unknown')
  const secretId: unknown = options?.secretId
  if (typeof secretId !== 'string' || secretId.trim() === '') throw wrong('secretId', 'has a value of the wrong kind')
  return secretId
}
