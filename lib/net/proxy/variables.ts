/**
 * Which proxy the environment names for a call: `https_proxy`, `http_proxy`, `all_proxy` and `no_proxy`, in lower or
 * upper case, read as curl reads them.
 *
 * Ours because the libraries differ from curl where it matters: proxy-from-env speaks TLS to a proxy that is written
 * without a scheme, and sends the subdomains of a `no_proxy` name to the proxy.
 */

import { PinnedFetchError } from '../../errors.ts'
import type { Call } from '../../judge.ts'
import { canonicalHost } from '../../policy/host.ts'
import { isAddress } from '../call.ts'
import { PROXY_FORM, type ProxyAddress, parseProxyAddress } from './address.ts'

type Variables = Readonly<Record<string, string | undefined>>

/** In the order in which they are asked; of each the lower case first. */
const NAMES = { 'https:': ['https_proxy', 'all_proxy'], 'http:': ['http_proxy', 'all_proxy'] } as const

/**
 * The proxy for a call; `undefined`: none.
 *
 * @throws {PinnedFetchError} `ERR_CONFIGURATION` when the variable holds no proxy URL
 */
export function proxyFromEnvironment(call: Call, variables: Variables = process.env): ProxyAddress | undefined {
  const name = setProxyVariable(call.protocol, variables)
  if (name === undefined || isExempt(call, variables['no_proxy'] || variables['NO_PROXY'] || '')) return undefined
  const value = variables[name]?.trim() ?? ''
  const address = parseProxyAddress(value.includes('://') ? value : `http://${value}`)
  if (address !== undefined) return address
  // Not the value itself: it may hold a password.
  throw new PinnedFetchError('ERR_CONFIGURATION', {
    option: name,
    problem: 'of the environment names no proxy',
    repair: `give it ${PROXY_FORM}`,
  })
}

/** The variable that names a proxy for a protocol, if one is set. */
export function setProxyVariable(protocol: Call['protocol'], variables: Variables = process.env): string | undefined {
  return NAMES[protocol].flatMap((name) => [name, name.toUpperCase()]).find((name) => variables[name])
}

/** @param list names and addresses, each with a port or without; a name stands for its subdomains, too */
function isExempt({ host, port }: Call, list: string): boolean {
  return list.split(/[\s,]+/).some((item) => {
    if (item === '*') return true
    const [, place = item, itsPort] = /^(\[.*\]|[^:]*):(\d+)$/.exec(item) ?? []
    const name = canonicalHost(place.replace(/^(\*?\.)/, ''))
    if (name === undefined || (itsPort !== undefined && Number(itsPort) !== port)) return false
    return host === name || (!isAddress(host) && host.endsWith(`.${name}`))
  })
}
