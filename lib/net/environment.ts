/**
 * What the environment of the process says about TLS and proxies, and that pinned calls don't listen to it.
 */

import type { Reporter } from './reporter.ts'

const PROXY_VARIABLES = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy']

/** Tells once that somebody turned TLS verification off. Asked for each connection: the process may do it any time. */
export function warnAboutEnvironment(reporter: Reporter): void {
  if (process.env['NODE_TLS_REJECT_UNAUTHORIZED'] !== '0') return
  reporter.warn(
    'TLS_VERIFICATION_OFF',
    'NODE_TLS_REJECT_UNAUTHORIZED=0 turns TLS verification off for the rest of this process; pinned calls stay verified',
  )
}

/** Tells that a proxy is set which pinned calls do not use. */
export function warnAboutProxy(reporter: Reporter): void {
  const proxy = PROXY_VARIABLES.find((name) => process.env[name])
  if (proxy === undefined) return
  const message = `${proxy} is set; pinned calls go out directly, proxies are not supported by this version`
  reporter.warn('PROXY_IGNORED', message)
}
