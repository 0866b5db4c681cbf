/**
 * The options of `createGuard` and `pinnedFetch`: what they are, and a check that refuses what they are not.
 *
 * An option with a typing error would silently be the default, so unknown ones are refused. None turns checking off.
 *
 * Not here: the policy document (policy/document.ts), which is checked when it is loaded and never at import.
 */

import { X509Certificate } from 'node:crypto'
import type { LookupFunction } from 'node:net'
import type { SecretsManagerClientConfig } from '@aws-sdk/client-secrets-manager'
import { PinnedFetchError } from './errors.ts'
import type { Observer } from './events.ts'
import type { MetricsOptions } from './lambda/metrics.ts'
import { callToPlace } from './net/call.ts'
import { PROXY_FORM, parseProxyAddress } from './net/proxy/address.ts'
import type { PolicySource } from './source/source.ts'
import { parseVerifyKey, splitVerifyKeys, type VerifyKey } from './source/verify-key.ts'
import { splitPem } from './x509/trust-set.ts'

export interface GuardOptions {
  /**
   * One Secrets Manager secret id or ARN, or several whose hosts are joined. Default, where neither `policy` nor `source`
   * is given: what the environment variable `PINNED_FETCH_SECRET_ID` names, several with commas between.
   */
  readonly secretId?: string | readonly string[]
  /** A literal policy document instead: for tests and private tools. */
  readonly policy?: unknown
  /** Any other source of the policy document. */
  readonly source?: PolicySource
  /**
   * Public keys in PEM (Ed25519 or P-256), one of which must have signed the document (`pinned-fetch sign`). Unsigned,
   * altered and expired documents are then refused, and those with a lower serial, so that who can write the secret
   * can't weaken it. Default: `PINNED_FETCH_VERIFY_KEYS` where the secret comes from the environment, too; else documents
   * are not signed.
   */
  readonly verifyKeys?: string | readonly string[]
  /** Overrides the document's modes for every host. Default: the document decides. */
  readonly mode?: 'enforce' | 'report'
  /** Trust anchors in PEM, replacing Node's default set. Default: Node's, `tls.getCACertificates('default')`. */
  readonly ca?: string | Buffer | readonly (string | Buffer)[]
  /** ms a loaded policy is fresh; -1: for ever. Default: 300 000, jittered. A refresh then runs beside the calls. */
  readonly cacheExpiry?: number
  /** ms a policy may serve while its source fails; then calls fail with `ERR_POLICY_STALE`. Default: 86 400 000. */
  readonly maxStale?: number
  /** Whether loading waits for the first call instead of starting at once, in Lambda's INIT phase. Default: false. */
  readonly disablePrefetch?: boolean
  /** Hosts (`host` or `host:port`) to which a connection is opened and judged during INIT. Default: none. */
  readonly preconnect?: readonly string[]
  /**
   * The proxy that every call goes through, as a URL (`http:`, `https:` or `socks5:`, credentials in it); 'environment':
   * the one that `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` name when a connection is opened. The origin is
   * judged the same. An `https:` proxy that an entry of the policy covers must prove a pinned key, too. Default: false;
   * the variables are ignored, with a warning.
   */
  readonly proxy?: 'environment' | (string & {}) | false
  /** As in `net.connect`: where a host is. Never changes the name that is judged. Default: DNS. */
  readonly lookup?: LookupFunction
  /** For `SecretsManagerClient`. Default: region and credentials of the environment. */
  readonly awsClientOptions?: SecretsManagerClientConfig
  /** Where metrics go, or `false` for none. Default: Embedded Metric Format on stdout. */
  readonly metrics?: MetricsOptions | false
  /** Receives every event; what it throws, and how long it takes, never touches a call. Default: none. */
  readonly observer?: Observer
}

export const DEFAULT_CACHE_EXPIRY_MS = 300_000
export const DEFAULT_MAX_STALE_MS = 86_400_000

type Check = (value: unknown) => string | undefined

const CHECKS: { readonly [Name in keyof Required<GuardOptions>]: Check } = {
  secretId: (value) =>
    isName(value) || (Array.isArray(value) && value.length > 0 && value.every(isName))
      ? undefined
      : 'a secret name or ARN, or a list of them',
  policy: (value) => (value === null ? 'a policy document' : undefined),
  source: (value) =>
    isObject(value) && typeof value['load'] === 'function' && isName(value['name'])
      ? undefined
      : 'an object with "name" (text) and "load" (a function)',
  verifyKeys: (value) =>
    areVerifyKeys(value) ? undefined : 'a public key in PEM ("BEGIN PUBLIC KEY"), Ed25519 or P-256, or a list of them',
  mode: (value) => (value === 'enforce' || value === 'report' ? undefined : '"enforce" or "report"'),
  ca: (value) =>
    pemTexts(value).length > 0 && pemTexts(value).every(holdsCertificate) ? undefined : 'certificates in PEM',
  cacheExpiry: (value) =>
    isMilliseconds(value) || value === -1 ? undefined : 'a number of milliseconds, or -1 for "for ever"',
  maxStale: (value) => (isMilliseconds(value) ? undefined : 'a number of milliseconds'),
  disablePrefetch: (value) => (typeof value === 'boolean' ? undefined : 'true or false'),
  preconnect: (value) => (Array.isArray(value) && value.every(isPlace) ? undefined : 'a list of "host" or "host:port"'),
  proxy: (value) => (isProxy(value) ? undefined : `false, 'environment', or ${PROXY_FORM}`),
  lookup: (value) => (typeof value === 'function' ? undefined : 'a function as in net.connect'),
  awsClientOptions: (value) => (isObject(value) ? undefined : 'an object for SecretsManagerClient'),
  metrics: (value) =>
    value === false || isObject(value) ? undefined : 'false, or an object with namespace, service or sink',
  observer: (value) => (typeof value === 'function' ? undefined : 'a function'),
}

const SOURCES = ['secretId', 'policy', 'source'] as const
const METRICS_KEYS = ['namespace', 'service', 'sink']

/** Names the secret where no option says where the policy comes from. */
const SECRET_VARIABLE = 'PINNED_FETCH_SECRET_ID'

/** Names those who must have signed it. */
const KEYS_VARIABLE = 'PINNED_FETCH_VERIFY_KEYS'

/**
 * The options as given, checked, with the secret of the environment where no source is among them.
 *
 * @throws {PinnedFetchError} `ERR_CONFIGURATION`, naming the option and the repair
 */
export function readOptions(given: unknown = {}, variables: Variables = process.env): GuardOptions {
  if (!isObject(given)) throw wrong('options', 'is missing', "write { secretId: 'prod/partner-pins' }")
  for (const [name, value] of Object.entries(given)) {
    const check = Object.hasOwn(CHECKS, name) ? CHECKS[name as keyof GuardOptions] : undefined
    if (check === undefined) throw wrong(name, 'is unknown', `use one of: ${Object.keys(CHECKS).join(', ')}`)
    const wanted = value === undefined ? undefined : check(value)
    if (wanted !== undefined) throw wrong(name, 'has a value of the wrong kind', `give it ${wanted}`)
  }
  // Without a prototype: what somebody gave to `Object.prototype` is no option of ours.
  const options: Record<string, unknown> = Object.assign(Object.create(null), given)
  const [source, other] = SOURCES.filter((name) => options[name] !== undefined)
  if (other !== undefined) {
    throw wrong(source ?? other, `contradicts "${other}"`, 'give exactly one of secretId, policy and source')
  }
  if (source === undefined) {
    options['secretId'] = secretsNamedBy(variables)
    options['verifyKeys'] ??= keysNamedBy(variables)
  }
  checkMetrics(options['metrics'])
  return options
}

type Variables = Readonly<Record<string, string | undefined>>

function secretsNamedBy(variables: Variables): readonly string[] {
  const ids = variable(variables, SECRET_VARIABLE)
    .split(',')
    .map((id) => id.trim())
  if (ids.every(isName)) return ids
  throw wrong(
    'secretId',
    'is missing: there is no source of pins',
    `give exactly one of secretId, policy and source, or set ${SECRET_VARIABLE} in the environment`,
  )
}

/** Who names the secret may also say who must have signed it; a slip never means that nobody must. */
function keysNamedBy(variables: Variables): readonly string[] | undefined {
  const text = variable(variables, KEYS_VARIABLE)
  if (text.trim() === '') return undefined
  const keys = splitVerifyKeys(text)
  if (keys !== undefined) return keys
  throw wrong('verifyKeys', 'is no public key', `give ${KEYS_VARIABLE} nothing but public keys in PEM, or unset it`)
}

/** Its own: `process.env` inherits, too. */
function variable(variables: Variables, name: string): string {
  return (Object.hasOwn(variables, name) ? variables[name] : undefined) ?? ''
}

function checkMetrics(metrics: unknown): void {
  if (!isObject(metrics)) return
  const { sink } = metrics
  if (sink !== undefined && !(isObject(sink) && typeof sink['singleMetric'] === 'function')) {
    throw wrong(
      'metrics.sink',
      'has a value of the wrong kind',
      'give it a Powertools Metrics, or what has "singleMetric"',
    )
  }
  const unknown = Object.keys(metrics).find((name) => !METRICS_KEYS.includes(name))
  if (unknown !== undefined) throw wrong(`metrics.${unknown}`, 'is unknown', `use one of: ${METRICS_KEYS.join(', ')}`)
  for (const name of ['namespace', 'service']) {
    if (metrics[name] !== undefined && !isName(metrics[name])) {
      throw wrong(`metrics.${name}`, 'has a value of the wrong kind', 'give it text')
    }
  }
}

/** The PEM texts of the option `ca`. */
export function pemTexts(ca: unknown): readonly string[] {
  const values: readonly unknown[] = Array.isArray(ca) ? ca : [ca]
  return values.map((value) =>
    typeof value === 'string' || value instanceof Uint8Array ? Buffer.from(value).toString() : '',
  )
}

/** The keys of the option `verifyKeys`, which {@link readOptions} has found readable. */
export function verifyKeysOf(pems: string | readonly string[]): readonly VerifyKey[] {
  return [pems].flat().flatMap((pem) => parseVerifyKey(pem) ?? [])
}

function areVerifyKeys(value: unknown): boolean {
  const pems: readonly unknown[] = Array.isArray(value) ? value : [value]
  return pems.length > 0 && pems.every((pem) => typeof pem === 'string' && parseVerifyKey(pem) !== undefined)
}

/** OpenSSL drops a block that it can't read, and all that follow it, without a word. */
function holdsCertificate(text: string): boolean {
  const blocks = splitPem(text)
  return blocks.length > 0 && blocks.every(isCertificate)
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0
  } catch {
    return false
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== ''
}

function isPlace(value: unknown): boolean {
  try {
    return isName(value) && callToPlace(value).host !== ''
  } catch {
    return false
  }
}

function isProxy(value: unknown): boolean {
  return value === false || value === 'environment' || (isName(value) && parseProxyAddress(value) !== undefined)
}

function isMilliseconds(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

function wrong(option: string, problem: string, repair: string): PinnedFetchError {
  return new PinnedFetchError('ERR_CONFIGURATION', { option, problem, repair })
}
