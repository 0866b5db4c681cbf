/**
 * What the environment of the process says about TLS and proxies, told where pinned calls don't listen to it.
 */

import { setProxyVariable } from './proxy/variables.ts'
import type { Reporter } from './reporter.ts'

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
  const name = setProxyVariable('https:') ?? setProxyVariable('http:')
  if (name === undefined) return
  const message = `${name} is set; pinned calls go out directly. Set proxy: 'environment' to use it, or unset it`
  reporter.warn('PROXY_IGNORED', message)
}
