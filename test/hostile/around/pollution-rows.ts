/**
 * Prototype pollution: `Object.prototype` gets a property that somebody who reads options takes for one that was set.
 *
 * Most leave every call as it is, so they are made all at once; the others have a row each.
 */

import { createSecureContext } from 'node:tls'
import type { Material, Row } from './rows.ts'

type Values = Readonly<Record<string, (material: Material) => unknown>>

const LAST_INSTANT = 8.64e15

/** What no call notices: options of Node, of undici, of the guard, fields of the policy, of verdicts and of evidence. */
const UNNOTICED: Values = {
  rejectUnauthorized: () => false,
  NODE_TLS_REJECT_UNAUTHORIZED: () => '0',
  ca: ({ rogueRoot }) => [rogueRoot],
  checkServerIdentity: () => () => undefined,
  servername: () => 'another.name.test',
  session: () => Buffer.alloc(64),
  ALPNProtocols: () => ['h2'],
  pskCallback: () => () => ({ psk: Buffer.alloc(32), identity: 'anybody' }),
  isServer: () => true,
  requestCert: () => false,
  minVersion: () => 'TLSv1',
  ciphers: () => 'eNULL:aNULL:@SECLEVEL=0',
  secureOptions: () => 0,
  allowPartialTrustChain: () => true,
  hostname: () => 'uncovered.test',
  host: () => 'uncovered.test',
  defaultPort: ({ peers }) => portOf(peers.mispinned),
  origin: ({ peers }) => new URL(peers.mispinned).origin,
  tls: () => ({ rejectUnauthorized: false }),
  useH2c: () => true,
  maxCachedSessions: () => 100,
  policy: () => ({}),
  proxy: () => 'http://127.0.0.1:1/',
  default: () => 'allow',
  deny: () => [],
  hosts: () => ({}),
  version: () => 1,
  serial: () => 1,
  pins: ({ mispin }) => [{ sha256: mispin }],
  expires: () => LAST_INSTANT,
  reportUntil: () => LAST_INSTANT,
  onExpiry: () => 'report',
  anchors: ({ rogueRoot }) => [rogueRoot],
  leafPins: ({ mispin }) => [{ sha256: mispin }],
  issuerPins: ({ mispin }) => [{ sha256: mispin }],
  isProxy: () => true,
  dialled: () => '127.0.0.1',
  sha256: ({ mispin }) => mispin,
  keyHash: ({ mispin }) => mispin,
  base: () => 'test',
  kind: () => 'any-depth',
  verified: () => ({ paths: [] }),
  proof: () => ({ paths: [] }),
  decision: () => 'accept',
  entry: () => undefined,
  offered: () => ({ ticket: Buffer.alloc(0), proof: {} }),
  authorized: () => true,
  authorizationError: () => null,
  trustId: () => 'theirs',
  namedCurve: () => 'prime256v1',
  modulusLength: () => 4096,
  multiLabelWildcards: () => true,
  partialWildcards: () => true,
  dispatch: () => () => true,
  factory: () => () => ({}),
  configurable: () => true,
}

/** What is in the way of calls, and lets none out that the policy refuses. */
const IN_THE_WAY: Values = {
  // A guard made now would read it as its own, so none is made: the option contradicts the policy.
  secretId: () => 'theirs',
  // undici's fetch takes it for the mode of the request.
  mode: () => 'report',
  port: ({ peers }) => portOf(peers.mispinned),
  path: ({ unixPath }) => unixPath,
  socketPath: ({ unixPath }) => unixPath,
  expires: () => 0,
  secureContext: ({ rogueRoot }) => createSecureContext({ ca: rogueRoot }),
  secureProtocol: () => 'TLSv1_2_method',
  get: () => () => undefined,
  set: () => () => undefined,
  writable: () => true,
  toJSON: () => () => ({}),
  '0': () => 'uncovered.test',
  code: () => 'ERR_OF_THEIRS',
}

/** One at a time: together they might hide each other. */
const ONE_BY_ONE = ['reportUntil', 'isProxy', 'dispatch', 'factory', 'default', 'rejectUnauthorized', 'servername']

export const POLLUTION: readonly Row[] = [
  {
    name: 'Object.prototype gets all that no call notices',
    twist: (material) => pollute(valuesOf(UNNOTICED, material)),
    moments: ['before the import', 'before createGuard', 'before the first call', 'after the first call'],
  },
  ...ONE_BY_ONE.map((name) => rowOf(name, UNNOTICED, { moments: ['after the first call'] })),
  ...Object.keys(IN_THE_WAY).map((name) =>
    rowOf(name, IN_THE_WAY, {
      pinned: 'may fail',
      anyCode: true,
      moments: ['before createGuard'],
    }),
  ),
]

function rowOf(name: string, values: Values, rest: Partial<Row>): Row {
  const only = { [name]: values[name] ?? (() => undefined) }
  return { name: `Object.prototype gets "${name}"`, twist: (material) => pollute(valuesOf(only, material)), ...rest }
}

/** Made before any of them is set: the loop's own iterator would find them. */
function valuesOf(values: Values, material: Material): [string, unknown][] {
  return Object.entries(values).map(([name, value]) => [name, value(material)])
}

/** By assignment, as JSON that is merged without care does it. */
function pollute(entries: readonly (readonly [string, unknown])[]): () => void {
  const prototype = Object.prototype as unknown as Record<string, unknown>
  for (const [name, value] of entries) prototype[name] = value
  return () => {
    for (const [name] of entries) delete prototype[name]
  }
}

function portOf(url: string): number {
  return Number(new URL(url).port)
}
