/**
 * Does the name have an address? With a proxy it is the proxy's name that matters: the proxy finds the host.
 */

import { type Check, fail, ok, skip, warn } from '../finding.ts'

export const checkNameResolution: Check = ({ call, route, direct, isRecorded }) => {
  if (route === undefined) return skip(isRecorded ? 'recorded certificates: nobody was asked' : 'not looked up')
  if (direct?.lookupProblem !== undefined) {
    return warn(`${call.host} has no address here (${direct.lookupProblem}); the proxy may know it`, 'see "proxy"')
  }
  const { target, addresses, lookupProblem } = route
  const whose = target.is === 'proxy' ? 'the proxy ' : ''
  if (lookupProblem !== undefined) {
    const isMissing = lookupProblem === 'ENOTFOUND'
    const problem = isMissing ? 'there is no such name' : 'it could not be looked up'
    const todo = isMissing
      ? 'look for a typing error; a private name needs the resolver of its network (VPC, VPN), or --address'
      : 'look at the DNS of this machine: its servers may not answer'
    return fail(`${whose}${target.host}: ${problem} (${lookupProblem})`, todo)
  }
  if (addresses.includes(target.host)) return skip(`${whose}${target.host} is an address`)
  return ok(`${whose}${target.host} is ${listed(addresses)}`)
}

function listed(addresses: readonly string[]): string {
  const shown = addresses.slice(0, 4).join(', ')
  return addresses.length > 4 ? `${shown} and ${addresses.length - 4} more` : shown
}
