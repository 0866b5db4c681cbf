/** Checked by tsc alone: what `createGuard` gives, and what its promises carry. */

import { type Agent, get } from 'node:https'
import { createGuard, type Explanation, type Guard, lintPolicy, type Policy, parsePolicy } from 'pinned-fetch'
import { type Dispatcher, request, setGlobalDispatcher, fetch as undiciFetch } from 'undici'

const guard: Guard = createGuard({ policy: { 'api.partner.example': [] } })

export async function surfaces(): Promise<void> {
  const response: Response = await guard.fetch(new URL('https://api.partner.example'), { method: 'POST' })
  // For whatever takes a `fetch`.
  const asGlobal: typeof fetch = guard.fetch
  const agent: Agent = guard.agent
  const dispatcher: Dispatcher = guard.dispatcher
  await asGlobal('https://api.partner.example')
  await undiciFetch('https://api.partner.example', { dispatcher })
  await request('https://api.partner.example', { dispatcher })
  get('https://api.partner.example', { agent })
  setGlobalDispatcher(dispatcher)
  // @ts-expect-error a guard is not changed
  guard.agent = agent
  // @ts-expect-error nothing lets a caller out
  guard.disable()
  await response.text()
}

export async function lifecycle(): Promise<Explanation> {
  const done: readonly Promise<void>[] = [guard.ready(), guard.refresh(), guard.close()]
  // @ts-expect-error a host is needed
  await guard.explain()
  const explanation = await guard.explain('api.partner.example:8443')
  const pattern: string | undefined = explanation.pattern
  const rule: 'enforce' | 'report' | 'deny' | 'allow' = explanation.rule
  const pins: readonly string[] = explanation.pins
  // @ts-expect-error an explanation is not a way to change the policy
  explanation.pins.push('sha256/klO23nT2ehFDXCfx3eHTDRESMz3asj1muO+4aIdjiuY=')
  console.log(done, pattern, rule, pins)
  return explanation
}

export function policies(document: unknown): readonly string[] {
  const policy: Policy = parsePolicy(document)
  // @ts-expect-error only what `parsePolicy` made is a policy
  lintPolicy({ version: 1, hosts: {} }, Date.now())
  return lintPolicy(policy, Date.now()).map(
    ({ severity, code, path, message }) => `${severity} ${code} ${path} ${message}`,
  )
}
