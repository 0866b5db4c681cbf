/**
 * Does somebody listen there? Each address is tried: one that is dead makes every other call slow.
 */

import { authority } from '../../../net/proxy/address.ts'
import { type Check, fail, ok, skip, warn } from '../finding.ts'

export const checkTcp: Check = ({ call, route, direct, isRecorded }) => {
  if (isRecorded) return skip('recorded certificates: nobody was asked')
  const lost = direct?.attempts[0]?.problem
  if (lost !== undefined) return warn(`${authority(call)} is not reached directly (${lost})`, 'see "proxy"')
  if (route === undefined || route.attempts.length === 0) return skip('no address to connect to')
  const { target, attempts } = route
  const dead = attempts.filter(({ problem }) => problem !== undefined)
  const where = `${target.is === 'proxy' ? 'the proxy ' : ''}${authority(target)}`
  const each = dead.map(({ address, problem }) => `${address}: ${problem}`).join(', ')
  if (dead.length === 0) return ok(`${where} is connected`)
  if (dead.length < attempts.length) {
    return warn(`${where}: ${dead.length} of ${attempts.length} addresses do not connect (${each})`, todoOf(dead))
  }
  return fail(`${where} does not connect (${each})`, todoOf(dead))
}

function todoOf([first]: readonly { readonly problem: string | undefined }[]): string {
  if (first?.problem === 'ECONNREFUSED') return 'nothing listens there: look at the port, and whether the server runs'
  return 'a firewall, security group or route may drop it; where a proxy is the only way out, name it with --proxy'
}
