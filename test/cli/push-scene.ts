/**
 * A secret with a past, at the Secrets Manager endpoint of the kit, for the verbs that work on secrets.
 */

import type { TestContext } from 'node:test'
import { awsEnvironment, type SecretsEndpoint, startSecretsEndpoint } from '../support/secrets-endpoint.ts'

export const SECRET = 'prod/pins'

export const A = 'sha256/grX4Ta9HpZx6tSHkmCrvpApTQGo67CYDnvprLg5yRME='
export const B = 'sha256/klO23nT2ehFDXCfx3eHTDRESMz3asj1muO+4aIdjiuY='
export const C = 'sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='

/** Versions as people would have put them there. */
export const VERSIONS = ['1', '2', '3'].map((digit) => `${digit.repeat(8)}-0000-4000-8000-000000000000`)

export interface SecretScene {
  readonly endpoint: SecretsEndpoint
  readonly env: Readonly<Record<string, string>>
  readonly variables: Readonly<Record<string, string>>
}

/** @param texts the versions of the secret, the oldest first; the last is current */
export async function secretScene(t: TestContext, texts: readonly string[]): Promise<SecretScene> {
  const endpoint = await startSecretsEndpoint()
  t.after(() => endpoint.close())
  for (const [index, text] of texts.entries()) {
    const created = new Date(Date.UTC(2026, 0, index + 1))
    const versionId = VERSIONS[index]
    endpoint.put(SECRET, text, { created, ...(versionId === undefined ? {} : { versionId }) })
  }
  const [ONE = '', TWO = '', THREE = ''] = VERSIONS
  return {
    endpoint,
    // One attempt: the SDK sleeps between two.
    env: { ...awsEnvironment(endpoint), AWS_MAX_ATTEMPTS: '1' },
    variables: { A, B, C, ONE, TWO, THREE },
  }
}

export function policyText(serial: number | undefined, ...pins: readonly string[]): string {
  const hosts = { 'api.partner.example': { pins } }
  return JSON.stringify({ version: 1, ...(serial === undefined ? {} : { serial }), hosts })
}
