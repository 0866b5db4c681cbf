/**
 * What `lint` does: parse, advise, and end with 1 when there are too many warnings.
 */

import { lintPolicy } from '../../policy/lint.ts'
import { CommandError, EXIT } from '../failure.ts'
import { readPolicy } from '../policy/place.ts'
import { signatureFinding } from '../policy/signature.ts'
import { table } from '../table.ts'
import type { Work } from '../verb.ts'

export interface LintOptions {
  readonly maxWarnings?: string
}

export const lint: Work<[string, LintOptions]> = async ({ world, voice }, place, { maxWarnings = '0' }) => {
  if (!/^\d+$/.test(maxWarnings)) {
    throw new CommandError(`--max-warnings ${maxWarnings} is no number`, 'write a whole number, like 0', {
      exitCode: EXIT.usage,
    })
  }
  const { name, policy, signatureEnd } = await readPolicy(place, world)
  const now = world.now()
  const ending = signatureFinding(signatureEnd, now)
  const findings = [...(ending === undefined ? [] : [ending]), ...lintPolicy(policy, now)]
  const warnings = findings.filter(({ severity }) => severity === 'warning')
  const rows = findings.map(({ severity, code, path, message }) => [
    voice.style(severity === 'warning' ? 'yellow' : 'dim', severity),
    code,
    `${path} ${message}`,
  ])
  voice.result(findings, rows.length === 0 ? `${name}: no findings` : table(rows))
  voice.say(`${name}: ${policy.hosts.size} entries, ${warnings.length} warnings`)
  return warnings.length > Number(maxWarnings) ? EXIT.findings : EXIT.ok
}
