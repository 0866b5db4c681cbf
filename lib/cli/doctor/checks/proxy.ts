/**
 * Is there a proxy on the way, does it let the call through, and does it look into it?
 */

import type { Facts } from '../facts.ts'
import { type Check, type Finding, fail, ok, skip, warn } from '../finding.ts'

export const checkProxy: Check = (facts) => {
  const { route, direct, variable, failure, isRecorded } = facts
  if (isRecorded) return skip('recorded certificates: nobody was asked')
  if (failure?.stage === 'proxy') {
    return fail(`${route?.proxy ?? 'the proxy'} makes no tunnel: ${failure.message}`, failure.hint)
  }
  if (variable !== undefined && variable.proxy === undefined) {
    const todo = 'give it http://, https:// or socks5://, a host and a port, or take it away'
    return warn(`${variable.name} is set, and holds no URL of a proxy`, todo)
  }
  if (route?.proxy !== undefined) return throughProxy(facts, route.proxy, direct !== undefined)
  if (variable === undefined) return ok('none, and no variable names one')
  const todo = 'a guard uses it only with proxy: "environment"; try it with --proxy environment'
  return warn(`${variable.name} names ${variable.proxy}; the way taken is direct`, todo)
}

function throughProxy({ chain, variable, failure }: Facts, proxy: string, isOnlyWay: boolean): Finding {
  const isUntrusted = chain !== undefined && chain.timeless.verified === undefined
  if (isUntrusted && chain.directLeaf === 'other') {
    const todo = 'it opens TLS: have this host excepted from inspection; no pin holds behind it, and none should'
    return fail(`${proxy} shows certificates of its own in place of the host’s`, todo)
  }
  if (isOnlyWay && failure === undefined) {
    const todo = 'create the guard with proxy: "environment"; run doctor with --proxy environment to go its way'
    return fail(`only ${proxy} leads there, which ${variable?.name} names: a guard does not use it unasked`, todo)
  }
  if (isUntrusted) {
    const todo = 'ask who runs it: company proxies open TLS; then except this host from inspection'
    return warn(`${proxy} makes a tunnel, and what comes out of it is not trusted: it may open TLS`, todo)
  }
  return ok(`${proxy} makes a tunnel`)
}
