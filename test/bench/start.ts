/**
 * What a new environment costs: import, first call and later calls of each bundle, every time in a fresh process.
 *
 * The bundles take turns, so that what the machine does meanwhile meets all of them.
 */

import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { intermediateOf, leafOf, presented, rootAuthority } from '../support/authority.ts'
import { awsEnvironment, startSecretsEndpoint } from '../support/secrets-endpoint.ts'
import { startTlsServer } from '../support/tls-server.ts'
import type { Bundle } from './bundle.ts'
import { median } from './median.ts'

const PROBE = fileURLToPath(new URL('start-probe.ts', import.meta.url))
const ROUNDS = 15

/** Medians in ms. */
export interface StartTimes {
  readonly imported: number
  readonly first: number
  readonly later: number
}

export async function measureStarts(bundles: readonly Bundle[], folder: string): Promise<readonly StartTimes[]> {
  const root = await rootAuthority('Bench Root')
  const issuer = await intermediateOf(root, 'Bench CA')
  const leaf = await leafOf(issuer, ['localhost'])
  const partner = await startTlsServer(presented(leaf, issuer))
  const secrets = await startSecretsEndpoint()
  secrets.put('prod/partner-pins', JSON.stringify({ localhost: [issuer.pin, root.pin] }))
  writeFileSync(`${folder}/root.pem`, root.certificate)
  const environment = { ...awsEnvironment(secrets), NODE_EXTRA_CA_CERTS: `${folder}/root.pem` }

  const samples = bundles.map((): StartTimes[] => [])
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, { file }] of bundles.entries()) {
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [PROBE, file, `https://localhost:${partner.port}/`],
        {
          env: environment,
        },
      )
      samples[index]?.push(JSON.parse(stdout))
    }
  }
  await Promise.all([partner.close(), secrets.close()])
  return samples.map((times) => ({
    imported: median(times.map(({ imported }) => imported)),
    first: median(times.map(({ first }) => first)),
    later: median(times.map(({ later }) => later)),
  }))
}
