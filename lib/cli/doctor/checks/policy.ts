/**
 * Would the policy let the call out, and by which pin? The judge's own verdict.
 */

import { type Call, judge, judgeCall, type Rules, type Verdict } from '../../../judge.ts'
import { formatPin, type Pin } from '../../../policy/pin.ts'
import { plain } from '../../hosts/plain.ts'
import type { Facts } from '../facts.ts'
import { type Check, fail, ok, skip, warn } from '../finding.ts'

export const checkPolicy: Check = (facts) => {
  const { policy: found } = facts
  if (found === undefined) return skip('no policy was named', '--policy <policy>')
  if (found.policy === undefined) {
    return facts.secret?.problem === undefined ? fail(found.problem, found.hint) : skip('there is no policy to ask')
  }
  const verdict = verdictOn(facts, facts.chain?.path)
  if (verdict === undefined) return skip('cannot be told: there are no certificates')
  if (verdict.decision === 'accept') return accepted(verdict)
  const { error } = verdict
  if (error.code === 'ERR_PATH_NOT_VERIFIED') return skip('refused before pins count: the path does not verify')
  const [first = '', ...more] = error.message.split('\n').map(plain)
  const hint = more.at(-1)?.replace(/^\s*hint\s+/, '') ?? ''
  const keys = more.slice(0, -1).map((line) => line.trim().replace(/\s+/g, ' '))
  const text = [`${error.code}: ${first.replace(/^Cannot connect to "[^"]*": /, '')}`, ...keys].join('\n')
  return verdict.decision === 'report' ? warn(`mode "report" lets it out: ${text}`, hint) : fail(text, hint)
}

/** What the judge says of a path; `undefined`: there is neither policy nor path. */
export function verdictOn(
  {
    policy: found,
    call,
    servername,
    chain,
    judgedAt,
  }: Pick<Facts, 'policy' | 'call' | 'servername' | 'chain' | 'judgedAt'>,
  path: NonNullable<Facts['chain']>['path'] | undefined,
): Verdict | undefined {
  if (found?.policy === undefined) return undefined
  const rules: Rules = { policy: found.policy, version: found.version }
  // With --servername this is another call than the URL's; what is judged is the name that was verified.
  const named: Call = { ...call, host: servername }
  const admission = judgeCall(rules, named)
  if (admission.decision !== 'accept') return admission
  if (path === undefined || chain === undefined) return undefined
  return judge(rules, named, { path, trustId: chain.trustId }, judgedAt)
}

function accepted({ entry, pin, isBackup }: Extract<Verdict, { decision: 'accept' }>) {
  if (entry === undefined) {
    return warn('no entry covers this host: any trusted key would do', 'add it to the policy: pinned-fetch pin <host>')
  }
  const text = `accepted by entry "${entry.pattern.text}", ${pin === undefined ? 'no pin' : nameOf(pin)}`
  if (!isBackup) return ok(text)
  return warn(`${text}, a backup`, 'a rotation has happened: move this pin to the front, and add a new backup')
}

function nameOf({ name, sha256 }: Pin): string {
  return name === undefined ? `pin ${formatPin(sha256)}` : `pin "${name}" (${formatPin(sha256)})`
}
