/**
 * What the probe meets: hosts of many kinds, each a TLS server on a port of `localhost`, and Secrets Manager with a policy.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { METRICS } from '../../lib/events.ts'
import { assertValidEmf, type Line, only } from '../lambda/metrics-lines.ts'
import { type Held, intermediateOf, leafOf, presented, rootAuthority } from '../support/authority.ts'
import { type RunningFunction, startFunction } from '../support/lambda-runtime.ts'
import { awsEnvironment, type SecretsEndpoint, startSecretsEndpoint } from '../support/secrets-endpoint.ts'
import { startTlsServer, type TlsServer } from '../support/tls-server.ts'

export const SECRET_ID = 'prod/partner-pins'

const DAY_MS = 86_400_000

export const inDays = (days: number) => new Date(Date.now() + days * DAY_MS)

export interface ProbeScene {
  readonly root: Held
  readonly issuer: Held
  /** Issues for the private host; nobody trusts it but an entry. */
  readonly privateRoot: Held
  readonly leaf: Held
  readonly stranger: Held
  readonly secrets: SecretsEndpoint
  /** A server that presents the leaf, or another one; its place, `localhost:<port>`. */
  serve(leaf?: Held, issuer?: Held): Promise<{ readonly place: string; readonly server: TlsServer }>
  put(document: unknown): string
  start(environment?: Readonly<Record<string, string>>): Promise<RunningFunction>
  close(): Promise<void>
}

export async function probeScene(taskRoot: string): Promise<ProbeScene> {
  const root = await rootAuthority('Probe Root')
  const issuer = await intermediateOf(root, 'Probe CA')
  const [privateRoot, stranger, leaf] = await Promise.all([
    rootAuthority('Private Root'),
    rootAuthority('Stranger'),
    leafOf(issuer, ['localhost'], { notAfter: inDays(100.5) }),
  ])
  const secrets = await startSecretsEndpoint()
  const folder = mkdtempSync(join(tmpdir(), 'pinned-fetch-probe-'))
  writeFileSync(join(folder, 'root.pem'), root.certificate)
  const closing: (() => Promise<unknown>)[] = [() => secrets.close()]
  return {
    ...{ root, issuer, privateRoot, leaf, stranger, secrets },
    async serve(own = leaf, by = issuer) {
      const server = await startTlsServer(presented(own, by))
      closing.push(() => server.close())
      return { place: `localhost:${server.port}`, server }
    },
    put: (document) => secrets.put(SECRET_ID, typeof document === 'string' ? document : JSON.stringify(document)),
    async start(environment = {}) {
      const running = await startFunction({
        taskRoot,
        handler: 'probe.handler',
        environment: {
          ...awsEnvironment(secrets),
          NODE_EXTRA_CA_CERTS: join(folder, 'root.pem'),
          POWERTOOLS_SERVICE_NAME: 'partner-guard',
          PINNED_FETCH_SECRET_ID: SECRET_ID,
          ...environment,
        },
      })
      closing.unshift(() => running.stop())
      return running
    },
    async close() {
      for (const close of closing) await close()
      rmSync(folder, { recursive: true })
    },
  }
}

/** The metric lines among what a function printed, each as CloudWatch takes it. */
export function metricLines(stdout: readonly string[]): readonly Line[] {
  const lines = jsonLines(stdout).filter((line): line is Line => '_aws' in line)
  for (const line of lines) assertValidEmf(line)
  return lines
}

export function warnings(stdout: readonly string[]): readonly { readonly code: string; readonly message: string }[] {
  const lines = jsonLines(stdout).filter((line) => line['event'] === 'warning')
  return lines.map(({ code, message }) => ({ code: String(code), message: String(message) }))
}

/** The metrics of the host whose dimension is this pattern, by name. */
export function metricsOf(lines: readonly Line[], pattern: string): Readonly<Record<string, unknown>> {
  const line = only(lines.filter(({ host }) => host === pattern))
  return Object.fromEntries(Object.keys(METRICS).flatMap((name) => (name in line ? [[name, line[name]]] : [])))
}

function jsonLines(stdout: readonly string[]): readonly Record<string, unknown>[] {
  return stdout.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Record<string, unknown>)
}
