/**
 * `npm start -- <https URL>`: what a real server proves, the policy that pins it, and one call to it through the
 * example function under that policy.
 */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { getCACertificates } from 'node:tls'
import type { Call } from '../../../lib/judge.ts'
import { callTo } from '../../../lib/net/call.ts'
import { formatPin } from '../../../lib/policy/pin.ts'
import type { VerifiedPath } from '../../../lib/x509/path.ts'
import type { Cleanup } from './cleanup.ts'
import { type CallResult, startExample } from './example-function.ts'
import { describeMetric } from './metric-line.ts'
import { type Probe, probe } from './probe.ts'
import { openSecret } from './secret.ts'
import { build, makeDirectory } from './stage.ts'
import type { Timeline } from './timeline.ts'

const DAY_MS = 86_400_000

/** A subject longer than this would push its pin off the line. */
const SUBJECT_WIDTH = 48

/** @throws {Error} when the server can't be reached, isn't verified, or the call didn't pass */
export async function visit(url: URL, timeline: Timeline, cleanup: Cleanup): Promise<void> {
  const call = callTo(url.protocol, url.hostname, url.port)
  const found = await probe(call)
  timeline.observed(`${url.host} is verified: ${found.handshake}, ${counted(found.paths.length)}`)
  showPaths(found, timeline)

  const policy = policyFor(call, found)
  timeline.event('a policy that pins it, ready to paste into a secret')
  timeline.block(JSON.stringify(policy, null, 2))
  timeline.evidence('note', "an issuer's pin accepts every key that this CA certifies for the host: a backup until the")
  timeline.evidence('', 'owner of the host tells you the pin of the next key')

  const directory = await makeDirectory(cleanup)
  const secret = await openSecret(JSON.stringify(policy))
  cleanup.add(() => secret.close())
  // The function trusts exactly what this process does, however that was told.
  const caFile = join(directory, 'trusted.pem')
  await writeFile(caFile, getCACertificates('default').join('\n'))
  const { bundle } = await build(directory)
  timeline.event(`the policy is in ${secret.service}, and the example function's bundle is built`)
  const environment = await startExample(bundle, {
    secretArn: secret.arn,
    partnerUrl: url.href,
    caFile,
    environment: secret.environment,
  })
  cleanup.add(() => environment.stop())
  const { results, ms } = await environment.invoke()
  const [result] = results
  if (result === undefined || 'code' in result) throw refused(url, result)
  timeline.observed(
    `one pinned call got through: HTTP ${result.status} in ${ms} ms, the start of the environment included`,
  )
  timeline.evidence('runtime', environment.runtime)
  const expiry = await environment.whenMetric('DaysToCertificateExpiry')
  timeline.evidence('metric', describeMetric(expiry, 'DaysToCertificateExpiry'))
}

function counted(paths: number): string {
  return paths === 1 ? 'one path' : `${paths} paths`
}

function showPaths({ paths, unused }: Probe, timeline: Timeline): void {
  for (const [index, path] of paths.entries()) {
    if (paths.length > 1) timeline.block(`path ${index + 1}`)
    timeline.block(table(path))
  }
  for (const title of unused) timeline.evidence('not used', `${title}: sent, but in no verified path; never pin it`)
}

function table({ certificates }: VerifiedPath): string {
  const rows = certificates.map(({ title, keyHash, notAfter }, index) => [
    index === 0 ? 'leaf' : index === certificates.length - 1 ? 'anchor' : 'intermediate',
    title.length > SUBJECT_WIDTH ? `${title.slice(0, SUBJECT_WIDTH - 1)}…` : title,
    formatPin(keyHash),
    `${new Date(notAfter).toISOString().slice(0, 10)} (${Math.floor((notAfter - Date.now()) / DAY_MS)} days)`,
  ])
  const lines = [['role', 'subject', 'pin', 'expires'], ...rows]
  const widths = [0, 1, 2].map((column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  return lines
    .map((line) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
    .map((line) => line.trimEnd())
    .join('\n')
}

/** The leaf's key, and its issuer's as the backup. */
function policyFor({ host, port }: Call, { paths }: Probe) {
  const place = host.includes(':') ? `[${host}]` : host
  const pins = (paths[0]?.certificates ?? []).slice(0, 2).map(({ keyHash, title }, index) => ({
    sha256: keyHash,
    name: `${index === 0 ? 'leaf' : 'issuer'} ${title}`.slice(0, 128),
  }))
  return { version: 1, default: 'deny', hosts: { [port === 443 ? place : `${place}:${port}`]: { pins } } }
}

function refused(url: URL, result: Extract<CallResult, { code: string }> | undefined): Error {
  const problem = `The pinned call to ${url.host} did not pass: ${result?.message ?? 'no result'}`
  if (result?.code !== 'ERR_HOST_NOT_COVERED') return new Error(problem)
  return new Error(`${problem.split('\n')[0]}\n  hint       the server redirects there: start again with that URL`)
}
