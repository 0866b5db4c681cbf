/**
 * What `npm start` was asked to do, and how it is explained.
 */

import { canonicalHost } from '../../../lib/policy/host.ts'

export type Request =
  | { readonly kind: 'story' }
  | { readonly kind: 'visit'; readonly url: URL }
  | { readonly kind: 'help' }
  | { readonly kind: 'mistake'; readonly problem: string }

export const HELP = `Usage: npm start [-- <https URL> | --help]

Runs the example function of this repository on this machine as Lambda runs it, and shows what its pins do.

  npm start                     a story in five steps: a call passes; an attacker with a trusted certificate
                                takes the partner's place; the partner rotates its key while calls run; the
                                old pin is removed; the secret is broken
  npm start -- <https URL>      a real server: its verified path and pins, a policy to paste, and one pinned
                                call to it through the same function
  npm start -- --help           this text

What is real: the function's bundle is built as the stack builds it, and runs in a process of its own under AWS's
runtime client (aws-lambda-ric; where it could not be built, a small loop of the same API takes its place and says
so). It reads its pins with the AWS SDK and calls its partner over TLS. Only the places are on loopback.

Environment:
  AWS_ENDPOINT_URL      keeps the secret there instead of in an embedded endpoint: moto_server, LocalStack. The
                        secret gets a name of its own and is deleted at the end
  NODE_EXTRA_CA_CERTS   PEM file with the roots of a private CA, for <https URL>
  NO_COLOR              no colour on a terminal either

Exit status:
  0   each step was observed; the pinned call passed
  1   something was not observed, which is named; the server can't be reached or is not verified
  2   the arguments are wrong
`

export function parseArguments(given: readonly string[]): Request {
  if (given.includes('--help') || given.includes('-h')) return { kind: 'help' }
  const [text, ...rest] = given
  if (text === undefined) return { kind: 'story' }
  if (text.startsWith('-')) return mistake(`unknown option ${text}`)
  if (rest.length > 0) return mistake('more than one URL')
  const url = URL.parse(text)
  if (url === null) return mistake(`"${text}" is not a URL: write https://api.partner.example/`)
  if (url.protocol !== 'https:') return mistake(`"${text}" is not an https URL, and only TLS proves a key`)
  if (canonicalHost(url.hostname) === undefined) return mistake(`"${url.hostname}" is not a host that can be called`)
  if (url.username || url.password) return mistake('the URL holds credentials, which no fetch sends: leave them out')
  return { kind: 'visit', url }
}

function mistake(problem: string): Request {
  return { kind: 'mistake', problem }
}
