/**
 * A diagnosis as JSON: what `--json` prints, and what `--bundle` writes for somebody else to read.
 *
 * In a bundle are names, addresses, certificates and verdicts, which everybody on the way sees. Not in it: the path and
 * the user of the URL, values of variables, credentials, AWS's words (they name who asked), and where files are.
 */

import { basename } from 'node:path'
import { formatInstant } from '../../policy/instant.ts'
import type { Diagnosis, NamedFinding } from './diagnosis.ts'
import type { Facts } from './facts.ts'

export function reportOf({ call, servername, now }: Facts, { findings, cause }: Diagnosis) {
  return {
    host: call.host,
    port: call.port,
    servername,
    at: formatInstant(now),
    cause: cause === undefined ? null : { check: cause.check, text: cause.text },
    checks: findings.map(({ check, state, text, todo }: NamedFinding) => ({ check, state, text, todo })),
  }
}

export function bundleOf(facts: Facts, diagnosis: Diagnosis) {
  const { route, direct, variable, protocol, nodeProblem, chain, hostClock, revocation, policy, secret } = facts
  return {
    ...reportOf(facts, diagnosis),
    node: {
      version: process.version,
      openssl: process.versions.openssl,
      platform: process.platform,
      arch: process.arch,
    },
    route,
    direct,
    // Its name, and no value.
    proxyVariable: variable?.name,
    handshake: { protocol, nodeProblem },
    certificates: chain?.presented.map(String),
    verified: chain?.path.verified?.paths.map(({ certificates }) => certificates.map(({ title }) => title)),
    notVerified: chain?.path.verified === undefined ? chain?.path.reason : undefined,
    judgedAt: formatInstant(facts.judgedAt),
    hostClock,
    revocation,
    policy: policy?.policy === undefined ? undefined : { name: basename(policy.name), version: policy.version },
    secret:
      secret === undefined ? undefined : { id: secret.id, version: secret.version, problem: secret.problem?.name },
  }
}
