/**
 * What a certificate names, fetched by one plain GET: revocation lists and issuers are signed, so they come over http
 * (RFC 5280 section 8). Nothing but the URL is told, no redirect is followed, and what is too long is not read.
 */

// Not node:http: see net/proxy/http.ts.
import { request } from 'node:https'
import { connect } from 'node:net'

const LIMIT_MS = 5_000
/** The longest lists of public authorities are about as long, bytes. */
const MAX_BYTES = 16 * 2 ** 20

/** @throws {Error} why there is none */
export function fetchPlain(url: string): Promise<Buffer> {
  const { hostname, port, pathname, search, protocol, host } = new URL(url)
  if (protocol !== 'http:') throw new Error('only http is fetched')
  return new Promise((resolve, reject) => {
    const asked = request({
      method: 'GET',
      path: `${pathname}${search}`,
      headers: { host, connection: 'close' },
      createConnection: () => connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80) }),
    })
    const giveUp = (reason: string) => {
      reject(new Error(reason))
      asked.destroy()
    }
    const timer = setTimeout(() => giveUp('it does not answer'), LIMIT_MS)
    asked.once('response', (response) => {
      if (response.statusCode !== 200) giveUp(`it answers ${response.statusCode}`)
      const parts: Buffer[] = []
      let length = 0
      response.on('data', (part: Buffer) => {
        length += part.length
        if (length > MAX_BYTES) giveUp('it is too long')
        else parts.push(part)
      })
      response.once('end', () => resolve(Buffer.concat(parts)))
      // Stays: whoever gives up may hear more than one error.
      response.on('error', (error: NodeJS.ErrnoException) => giveUp(error.code ?? error.message))
    })
    asked.on('error', (error: NodeJS.ErrnoException) => giveUp(error.code ?? error.message))
    asked.once('close', () => {
      clearTimeout(timer)
      reject(new Error('it closed the connection'))
    })
    asked.end()
  })
}
