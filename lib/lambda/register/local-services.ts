/**
 * What a process may speak plain HTTP with, whatever the policy says: the services of its own environment, without
 * which it has no invocations and no credentials.
 *
 * Each is one exact address and port that the environment itself names, and an address that no router forwards:
 * loopback or link-local (RFC 5735, RFC 4291; AWS's own fd00:ec2::). Nothing here is a pattern, and a name is never
 * looked up, `localhost` aside: so no partner can be reached by it, and no redirect or DNS answer makes it another place.
 */

import { isIP } from 'node:net'
import { canonicalHost } from '../../policy/host.ts'

type Variables = Readonly<Record<string, string | undefined>>

/** The extensions of AWS that answer on localhost, by the variable that sets their port. */
const EXTENSION_PORTS = ['PARAMETERS_SECRETS_EXTENSION_HTTP_PORT', 'AWS_APPCONFIG_EXTENSION_HTTP_PORT']

/** Where ECS gives out credentials, when it sets a path. */
const ECS_CREDENTIALS = 'http://169.254.170.2'

/** Where EC2 does. */
const EC2_CREDENTIALS = ['http://169.254.169.254', 'http://[fd00:ec2::254]']

/** Tells whether plain HTTP to a place is the process talking to its own environment. */
export function localServices(variables: Variables = process.env): (host: string, port: number | string) => boolean {
  const places = new Set(addresses(variables).flatMap(placeOf))
  return (host, port) => places.has(`${canonicalHost(host)} ${port}`)
}

function addresses(variables: Variables): string[] {
  const { AWS_LAMBDA_RUNTIME_API: runtime, AWS_CONTAINER_CREDENTIALS_FULL_URI: container } = variables
  return [
    ...(runtime ? [`http://${runtime}`] : []),
    ...EXTENSION_PORTS.flatMap((name) => (variables[name] ? [`http://localhost:${variables[name]}`] : [])),
    ...xRayDaemon(variables['AWS_XRAY_DAEMON_ADDRESS']),
    ...(container ? [container] : []),
    ...(variables['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'] ? [ECS_CREDENTIALS] : []),
    ...(asksInstance(variables) ? EC2_CREDENTIALS : []),
  ]
}

/** `host:port`, or `tcp:host:port udp:host:port`. */
function xRayDaemon(text = ''): string[] {
  return text
    .split(' ')
    .filter((part) => part !== '' && !part.startsWith('udp:'))
    .map((part) => `http://${part.replace(/^tcp:/, '')}`)
}

/** Whether the SDK would look for credentials at the instance: nobody else has any. */
function asksInstance(variables: Variables): boolean {
  const container = ['RELATIVE_URI', 'FULL_URI'].map((end) => `AWS_CONTAINER_CREDENTIALS_${end}`)
  const others = ['AWS_LAMBDA_FUNCTION_NAME', 'AWS_ACCESS_KEY_ID', ...container]
  const isDisabled = variables['AWS_EC2_METADATA_DISABLED']?.toLowerCase() === 'true'
  return !isDisabled && others.every((name) => !variables[name])
}

function placeOf(address: string): string[] {
  if (!URL.canParse(address)) return []
  const { protocol, hostname, port } = new URL(address)
  const host = canonicalHost(hostname)
  if (protocol !== 'http:' || host === undefined || !isUnrouted(host)) return []
  return [`${host} ${port === '' ? 80 : port}`]
}

function isUnrouted(host: string): boolean {
  if (host === 'localhost') return true
  if (isIP(host) === 4) return /^(127|169\.254)\./.test(host)
  return isIP(host) === 6 && (host === '::1' || /^fe[89ab]/.test(host) || host.startsWith('fd00:ec2:'))
}
