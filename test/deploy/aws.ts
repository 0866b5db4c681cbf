/**
 * `npm run test:aws`: the story of test/deploy/story.ts in an account of the real AWS. Never run by itself: only where
 * `PINNED_FETCH_AWS_ACCOUNT` is the number of the account that the credentials of the environment belong to.
 *
 * The account must be bootstrapped for `cdk` in the region (AWS_REGION). `PINNED_FETCH_AWS_PARTNER` is the host that the
 * deployed function calls (unset: example.com); its pins are what it shows when the story begins. What was made is
 * deleted at the end, whatever happened: the stack, the secret and the logs at once, the key after its seven days.
 *
 * Costs: a secret and a key for some minutes, calls of Lambda and CloudWatch; a key that waits for deletion is free.
 */

import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { KMSClient, ScheduleKeyDeletionCommand } from '@aws-sdk/client-kms'
import { DeleteSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { Packed } from '../repo/packed.ts'
import { AwsApi, type Credentials, type Place } from './aws-api.ts'
import { run } from './command.ts'
import type { Deployed } from './deployed.ts'
import { type Partner, publicPartner } from './partner.ts'
import { Protocol, say } from './protocol.ts'
import { type DeployedStack, STACK, versionOfCdk } from './stack.ts'
import { tell } from './story.ts'

/** Alarms are evaluated every minute, metrics of a log come within two, ms. */
const PATIENCE_MS = 10 * 60_000

/** The shortest there is. */
const KEY_WAITS_DAYS = 7

async function main(): Promise<number> {
  const { PINNED_FETCH_AWS_ACCOUNT: wanted, PINNED_FETCH_AWS_PARTNER: host = 'example.com' } = process.env
  const { AWS_REGION: region } = process.env
  if (!wanted || !region) {
    say('test:aws deploys to a real account. Set PINNED_FETCH_AWS_ACCOUNT to its number, and AWS_REGION')
    return 2
  }
  const place: Place = { region, endpoint: process.env['AWS_ENDPOINT_URL'] }
  const credentials = await new SecretsManagerClient({ region }).config.credentials()
  const account = (await new AwsApi(place, credentials).sts('GetCallerIdentity'))('Account')
  if (account !== wanted) {
    say(`These credentials are of account ${account}, and PINNED_FETCH_AWS_ACCOUNT is ${wanted}: nothing was done`)
    return 2
  }
  say(`test:aws   account ${account}, ${region}, cdk ${versionOfCdk()}, partner ${host}`)
  return await play(place, credentials, host)
}

async function play(place: Place, credentials: Credentials, host: string): Promise<number> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'pinned-fetch-aws-')))
  const environment = {
    ...process.env,
    PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
    CI: 'true',
  }
  const protocol = new Protocol()
  let made: { readonly stack: DeployedStack; readonly deployed: Deployed } | undefined
  using packed = new Packed()
  const tool = join(packed.folder, 'dist/lib/cli/main.js')
  try {
    const partner = await partnerOf(host, tool)
    const world = {
      place,
      credentials,
      environment,
      partner,
      folder,
      patienceMs: PATIENCE_MS,
      isNew: false,
      hasExample: false,
    }
    await tell(protocol, world, tool, (scene) => {
      made = scene
    })
    protocol.end('test:aws passed')
    return 0
  } catch (error) {
    say(messageOf(error))
    protocol.end('test:aws FAILED')
    return 1
  } finally {
    if (made) await cleanUp(made, place, credentials)
    else say(`If a deployment had begun, look for the stack ${STACK} in CloudFormation, and for what it retains`)
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The keys that the host shows now: its own, and the one that issued it. */
async function partnerOf(host: string, tool: string): Promise<Partner> {
  const { stdout } = await run([process.execPath, tool, 'pin', host], process.env)
  const pins = [...new Set(stdout.match(/sha256\/[A-Za-z0-9+/]{43}=/g) ?? [])]
  if (pins.length === 0) throw new Error(`No pin of ${host}:\n${stdout}`)
  return publicPartner(host, pins)
}

/** Every part for itself: what can't be deleted is told, and the rest goes on. */
async function cleanUp(
  { stack, deployed }: { readonly stack: DeployedStack; readonly deployed: Deployed },
  { region }: Place,
  credentials: Credentials,
): Promise<void> {
  const { SecretArn, KeyArn, LogGroupNames } = deployed.outputs
  const secret = new DeleteSecretCommand({ SecretId: SecretArn, ForceDeleteWithoutRecovery: true })
  const KeyId = KeyArn.slice(KeyArn.lastIndexOf('/') + 1)
  const key = new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: KEY_WAITS_DAYS })
  const works: [string, () => Promise<unknown>][] = [
    ['the stack', () => stack.destroy('first')],
    [SecretArn, () => deployed.secrets(credentials).send(secret)],
    [KeyArn, () => new KMSClient({ region, credentials }).send(key)],
    ...LogGroupNames.split(',').map((logGroupName): [string, () => Promise<unknown>] => [
      logGroupName,
      () => deployed.api.json('logs', 'DeleteLogGroup', { logGroupName }),
    ]),
  ]
  for (const [what, work] of works) {
    await work().catch((error: Error) => say(`LEFT BEHIND: ${what} (${error.message})`))
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}

process.exitCode = await main().catch((error) => {
  say(messageOf(error))
  return 1
})
