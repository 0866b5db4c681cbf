/**
 * The few calls to AWS for which no SDK client is installed: signed requests (Signature Version 4), to the real endpoints
 * or to the one of `AWS_ENDPOINT_URL`.
 */

import { createHash, createHmac } from 'node:crypto'

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

export interface Place {
  readonly region: string
  /** Unset: the service's own. */
  readonly endpoint: string | undefined
}

export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

interface Request {
  /** As in the endpoint's name, and in the signature's scope. */
  readonly service: string
  readonly path?: string
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** JSON 1.0 and 1.1 name the action in a header. */
const JSON_SERVICES = {
  monitoring: { target: 'GraniteServiceVersion20100801', type: 'application/x-amz-json-1.0' },
  logs: { target: 'Logs_20140328', type: 'application/x-amz-json-1.1' },
} as const

export class AwsApi {
  readonly #place: Place
  readonly #credentials: Credentials

  constructor(place: Place, credentials: Credentials) {
    this.#place = place
    this.#credentials = credentials
  }

  async json(service: keyof typeof JSON_SERVICES, action: string, input: object): Promise<Record<string, unknown>> {
    const { target, type } = JSON_SERVICES[service]
    const headers = { 'content-type': type, 'x-amz-target': `${target}.${action}` }
    const reply = await this.send({ service, headers, body: JSON.stringify(input) })
    if (reply.status !== 200) throw new Error(`${action}: HTTP ${reply.status} ${reply.text}`)
    return reply.text === '' ? {} : JSON.parse(reply.text)
  }

  /** Actions of STS, whose answers are small: `text` of an element. */
  async sts(action: string, input: Readonly<Record<string, string>> = {}): Promise<(element: string) => string> {
    const body = new URLSearchParams({ Action: action, Version: '2011-06-15', ...input }).toString()
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const { status, text } = await this.send({ service: 'sts', headers, body })
    if (status !== 200) throw new Error(`${action}: HTTP ${status} ${text}`)
    return (element) => new RegExp(`<${element}>([^<]*)</${element}>`).exec(text)?.[1] ?? ''
  }

  async assumeRole(arn: string): Promise<Credentials> {
    const text = await this.sts('AssumeRole', { RoleArn: arn, RoleSessionName: 'pinned-fetch-deploy-test' })
    return {
      accessKeyId: text('AccessKeyId'),
      secretAccessKey: text('SecretAccessKey'),
      sessionToken: text('SessionToken'),
    }
  }

  async send({ service, path = '/', method = 'POST', headers = {}, body = '' }: Request): Promise<Reply> {
    const { region, endpoint = `https://${service}.${region}.amazonaws.com` } = this.#place
    const url = new URL(path, endpoint)
    const { sessionToken } = this.#credentials
    const sent = {
      ...headers,
      host: url.host,
      'x-amz-date': new Date().toISOString().replaceAll(/[-:]|\.\d+/g, ''),
      ...(sessionToken ? { 'x-amz-security-token': sessionToken } : {}),
    }
    const authorization = signatureOf({ method, path: url.pathname, headers: sent, body }, this.#credentials, [
      region,
      service,
    ])
    const options = method === 'GET' ? {} : { body }
    const response = await fetch(url, { method, headers: { ...sent, authorization }, ...options })
    return { status: response.status, headers: response.headers, text: await response.text() }
  }
}

interface Signed {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** AWS IAM User Guide, "Create a signed AWS API request". */
function signatureOf({ method, path, headers, body }: Signed, credentials: Credentials, scope: string[]): string {
  const names = Object.keys(headers).sort()
  const date = headers['x-amz-date'] ?? ''
  const parts = [date.slice(0, 8), ...scope, 'aws4_request']
  const canonical = [
    method,
    path,
    '',
    ...names.map((name) => `${name}:${headers[name]?.trim()}`),
    '',
    names.join(';'),
    sha256(body),
  ]
  const toSign = ['AWS4-HMAC-SHA256', date, parts.join('/'), sha256(canonical.join('\n'))].join('\n')
  const secret: string | Buffer = `AWS4${credentials.secretAccessKey}`
  const key = parts.reduce<string | Buffer>((last, part) => createHmac('sha256', last).update(part).digest(), secret)
  const signature = createHmac('sha256', key).update(toSign).digest('hex')
  return [
    `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${parts.join('/')}`,
    `SignedHeaders=${names.join(';')}`,
    `Signature=${signature}`,
  ].join(', ')
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
