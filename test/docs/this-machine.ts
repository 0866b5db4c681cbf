/**
 * Loaded before anything else in every process of a night: every name is on this machine, and port 443 is where the
 * partner's server listens. Nothing else is changed, least of all anything of ours.
 */

import dns from 'node:dns'
import { syncBuiltinESMExports } from 'node:module'
import net from 'node:net'

const ADDRESS = { address: '127.0.0.1', family: 4 } as const
const HTTPS_PORT = 443
const PARTNER_PORT = Number(process.env['PARTNER_PORT'])

dns.lookup = Object.assign(
  (_host: string, options: { all?: boolean }, found: (error: null, ...addresses: unknown[]) => void) =>
    options.all ? found(null, [ADDRESS]) : found(null, ADDRESS.address, ADDRESS.family),
  { __promisify__: dns.lookup.__promisify__ },
) as typeof dns.lookup

dns.promises.lookup = (async (_host: string, options: { all?: boolean } = {}) =>
  options.all ? [ADDRESS] : ADDRESS) as typeof dns.promises.lookup

const { connect } = net.Socket.prototype
net.Socket.prototype.connect = function (this: net.Socket, ...given: unknown[]) {
  // As Node calls it itself, the options stand in a list.
  const options = [given[0]].flat()[0] as { port?: unknown }
  if (Number(options.port) === HTTPS_PORT) options.port = PARTNER_PORT
  return Reflect.apply(connect, this, given)
} as typeof connect

syncBuiltinESMExports()
