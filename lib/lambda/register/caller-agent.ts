/**
 * What becomes of an agent that a caller brings along: the guard's agent takes its place, and this says which of its
 * settings the request keeps, which are lost, and when it stays.
 *
 * Nothing is lost in silence. Who we are (a client certificate) and how we connect is kept. Whom we trust is the
 * policy's to say, and is told as ignored. An agent that goes through a proxy stays: going out directly instead may be
 * what its owner wanted to prevent. The TLS that it opens in its tunnel is judged in tls.ts.
 */

import type { Reporter } from '../../net/reporter.ts'

/** Kept: the guard's agent understands them, and none can loosen the check (net/agent-options.ts). */
const KEPT = [
  'cert',
  'key',
  'pfx',
  'passphrase',
  'crl',
  'minVersion',
  'maxVersion',
  'checkServerIdentity',
  'rejectUnauthorized',
  'lookup',
  'family',
  'hints',
  'localAddress',
  'autoSelectFamily',
  'autoSelectFamilyAttemptTimeout',
  'noDelay',
  'socketPath',
]

/** Not used by the guard's agent, and somebody may have counted on them. */
const LOST = [
  'ca',
  'secureContext',
  'servername',
  'ciphers',
  'sigalgs',
  'ecdhCurve',
  'secureProtocol',
  'secureOptions',
  'clientCertEngine',
  'privateKeyEngine',
]

/** Methods by which an agent makes its connections in its own way. */
const MAKERS = ['createConnection', 'createSocket', 'addRequest', 'connect']

type Fields = Readonly<Record<string, unknown>>

/** The options of the request together with what it keeps of its own agent; as in Node, the agent's win. */
export function keepSettings(options: Fields, agent: unknown): Record<string, unknown> {
  const own = settingsOf(agent)
  const kept = KEPT.filter((name) => isSet(own[name])).map((name) => [name, own[name]])
  const { timeout } = own
  const given = isSet(timeout) && !isSet(options['timeout']) ? { timeout } : {}
  return { ...options, ...given, ...Object.fromEntries(kept) }
}

/** Tells, once each, what a request loses. */
export function tellLosses(options: Fields, agent: unknown, nodeAgent: object, reporter: Reporter): void {
  const own = settingsOf(agent)
  const host = options['hostname'] ?? options['host']
  const isLost = (name: string) =>
    isSet(own[name]) || (isSet(options[name]) && !(name === 'servername' && options[name] === host))
  const lost = LOST.filter(isLost)
  if (lost.length > 0) {
    const names = lost.join(', ')
    reporter.warn(
      `TLS_OPTIONS_IGNORED ${names}`,
      `An https request or its agent sets ${names}; under pinned-fetch/register that is ignored: whom to trust is said by the policy ("anchors") and by Node's own roots (NODE_EXTRA_CA_CERTS)`,
    )
  }
  const name = makerName(agent, nodeAgent)
  if (name !== undefined) {
    reporter.warn(
      `AGENT_REPLACED ${name}`,
      `An https request brings an agent of its own kind (${name}); pinned-fetch/register uses its own in that place`,
    )
  }
}

/** Whether an agent makes its connections through a proxy. */
export function goesByProxy(agent: unknown): boolean {
  if (!isObject(agent)) return false
  return (
    isSet(agent['proxy']) ||
    isSet(agent['proxyOptions']) ||
    typeof agent['getProxyForUrl'] === 'function' ||
    namesProxy(settingsOf(agent)['proxyEnv'])
  )
}

function namesProxy(variables: unknown): boolean {
  return isObject(variables) && (isSet(variables['https_proxy']) || isSet(variables['HTTPS_PROXY']))
}

function settingsOf(agent: unknown): Fields {
  const options = isObject(agent) ? agent['options'] : undefined
  // An agent that wraps others keeps no settings of its own.
  return isObject(options) ? options : {}
}

/** The name of the class of an agent that makes its connections in another way than Node's. */
function makerName(agent: unknown, nodeAgent: object): string | undefined {
  if (!isObject(agent)) return undefined
  const isOwn = MAKERS.some((name) => isSet(agent[name]) && agent[name] !== Reflect.get(nodeAgent, name))
  return isOwn ? (agent.constructor?.name ?? 'unknown') : undefined
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && value !== ''
}
