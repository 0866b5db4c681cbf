/**
 * Everything the story needs, set up for real: the cast, the road between, the secret, the bundle, and environments of
 * the function that trust the partner's CA and the attacker's alike.
 */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assembleCast, type Cast, HOST, type NamedKey } from './cast.ts'
import type { Cleanup } from './cleanup.ts'
import { type Bundle, buildBundle, type ExampleFunction, startExample } from './example-function.ts'
import { openRoad, type Road } from './road.ts'
import { openSecret, type PinSecret } from './secret.ts'
import { progress } from './timeline.ts'

/** How long a policy is fresh in the second environment, so that it is asked for again while one watches. */
export const QUICK_EXPIRY_MS = 1_000

export interface Stage {
  readonly cast: Cast
  readonly road: Road
  readonly secret: PinSecret
  readonly bundle: Bundle
  readonly bundleMs: number
  /** Where the function calls, whoever is there. */
  readonly url: string
  /** Runs with the settings of a deployment: a policy is fresh for five minutes. */
  readonly environment: ExampleFunction
  /** A second one, where it is fresh for {@link QUICK_EXPIRY_MS}; started when it is first asked for. */
  quickEnvironment(): Promise<ExampleFunction>
  /** Writes a policy with these keys, the first one in use, and describes it. */
  publish(...keys: readonly NamedKey[]): Promise<string>
  /** Writes the first half of the last policy, as a slip of the hand does. */
  breakSecret(): Promise<string>
}

export async function setStage(cleanup: Cleanup): Promise<Stage> {
  const directory = await makeDirectory(cleanup)
  const cast = await assembleCast()
  cleanup.add(() => cast.close())
  const road = await openRoad(cast.partner.server)
  cleanup.add(() => road.close())
  let serial = 1
  let policy = policyText(serial, [cast.partner, cast.reserve])
  const secret = await openSecret(policy)
  cleanup.add(() => secret.close())
  const caFile = join(directory, 'trusted.pem')
  await writeFile(caFile, cast.trusted.join('\n'))
  const { bundle, bundleMs } = await build(directory)

  const url = `https://${HOST}:${road.port}/v1/quotes`
  const start = async (settings: Record<string, string> = {}) => {
    const environment = { ...secret.environment, ...settings }
    const started = await startExample(bundle, { secretArn: secret.arn, partnerUrl: url, caFile, environment })
    cleanup.add(() => started.stop())
    return started
  }
  let quick: Promise<ExampleFunction> | undefined

  return {
    cast,
    road,
    secret,
    bundle,
    bundleMs,
    url,
    environment: await start(),
    quickEnvironment: () => (quick ??= start({ PIN_CACHE_EXPIRY_MS: String(QUICK_EXPIRY_MS) })),
    async publish(...keys) {
      policy = policyText(++serial, keys)
      const version = await secret.put(policy)
      return `version ${version}: serial ${serial}, pins ${keys.map(({ name }) => name).join(', ')}`
    },
    async breakSecret() {
      const half = policy.slice(0, policy.length / 2)
      return `version ${await secret.put(half)}: ${half.length} of ${policy.length} bytes`
    },
  }
}

/** One for the run, gone at its end. */
export async function makeDirectory(cleanup: Cleanup): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'pinned-fetch-demo-'))
  cleanup.add(() => rm(directory, { recursive: true, force: true }))
  return directory
}

export async function build(directory: string): Promise<{ bundle: Bundle; bundleMs: number }> {
  progress("building the function's bundle, as a deployment does")
  const begun = performance.now()
  const bundle = await buildBundle(directory)
  return { bundle, bundleMs: Math.round(performance.now() - begun) }
}

function policyText(serial: number, keys: readonly NamedKey[]): string {
  const pins = keys.map(({ name, pin }) => ({ sha256: pin.replace('sha256/', ''), name }))
  return JSON.stringify({ version: 1, serial, hosts: { [HOST]: { pins } } })
}
