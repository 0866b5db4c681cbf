/**
 * Functions of Node and of the process that other code has replaced, and what stays as it is all the same.
 */

import { syncBuiltinESMExports } from 'node:module'
import tls from 'node:tls'
import type { Material, Row } from './rows.ts'

type Options = tls.ConnectionOptions

/** What a patched `tls.connect` makes of its options. */
const CHANGES: Readonly<Record<string, (material: Material) => Options>> = {
  'turns verification off': () => ({ rejectUnauthorized: false, checkServerIdentity: () => undefined }),
  'trusts another root': ({ rogueRoot, ca = [] }) => ({
    secureContext: tls.createSecureContext({ ca: [...ca, rogueRoot] }),
    checkServerIdentity: () => undefined,
  }),
}

const ENVIRONMENT = {
  NODE_TLS_REJECT_UNAUTHORIZED: '0',
  NODE_EXTRA_CA_CERTS: '/dev/null',
  SSL_CERT_FILE: '/dev/null',
  HTTPS_PROXY: 'http://127.0.0.1:1',
  ALL_PROXY: 'http://127.0.0.1:1',
  NODE_USE_ENV_PROXY: '1',
}

export const PATCH: readonly Row[] = [
  {
    name: 'tls.checkServerIdentity is content with every name',
    twist: () => replaced(tls, 'checkServerIdentity', () => undefined),
    // Before the import it is the one that we keep; our own check of the name refuses then.
    anyCode: true,
    moments: ['before the import', 'before createGuard', 'after the first call'],
  },
  ...Object.entries(CHANGES).map(
    ([change, added]): Row => ({
      name: `tls.connect ${change}`,
      twist: (material) => {
        const { connect } = tls
        return replaced(tls, 'connect', (options: Options) => connect({ ...options, ...added(material) }))
      },
      anyCode: true,
    }),
  ),
  {
    name: 'tls.connect goes to another peer',
    twist: ({ peers }) => {
      const { connect } = tls
      const port = Number(new URL(peers.mispinned).port)
      return replaced(tls, 'connect', (options: Options) => connect({ ...options, port, host: '127.0.0.1' }))
    },
    moments: ['before createGuard', 'after the first call'],
    pinned: 'may fail',
    anyCode: true,
  },
  {
    name: 'tls.createSecureContext trusts another root',
    twist: ({ rogueRoot }) => {
      const { createSecureContext } = tls
      return replaced(tls, 'createSecureContext', (options: tls.SecureContextOptions = {}) => {
        const context = createSecureContext(options)
        context.context.addCACert(rogueRoot)
        return context
      })
    },
    anyCode: true,
  },
  {
    name: 'tls.getCACertificates tells another set',
    twist: ({ rogueRoot }) => replaced(tls, 'getCACertificates', () => [rogueRoot]),
  },
  {
    name: 'getPeerX509Certificate of the class shows nothing',
    twist: () => replaced(tls.TLSSocket.prototype, 'getPeerX509Certificate', () => undefined),
    moments: ['before createGuard', 'after the first call'],
    pinned: 'may fail',
    anyCode: true,
  },
  {
    name: 'getPeerCertificate of the class shows nothing',
    twist: () => replaced(tls.TLSSocket.prototype, 'getPeerCertificate', () => ({})),
  },
  {
    name: 'isSessionReused of the class says yes',
    twist: () => replaced(tls.TLSSocket.prototype, 'isSessionReused', () => true),
    moments: ['before createGuard', 'before the first call'],
    pinned: 'may fail',
    anyCode: true,
  },
  {
    name: 'fetch of the process is replaced',
    twist: () => replaced(globalThis, 'fetch', async () => new Response('theirs')),
    moments: ['before createGuard', 'after the first call'],
    surfaces: () => [
      { name: 'pinnedFetch', call: async (guard, url) => ({ status: (await guard.fetch(url)).status, body: '' }) },
    ],
  },
  {
    name: 'the environment changes',
    twist: () => {
      const before = Object.entries(ENVIRONMENT).map(([name]) => [name, process.env[name]] as const)
      Object.assign(process.env, ENVIRONMENT)
      return () => {
        for (const [name, value] of before) {
          if (value === undefined) delete process.env[name]
          else process.env[name] = value
        }
      }
    },
  },
  {
    name: 'timers never fire',
    twist: () =>
      replaced(globalThis, 'setTimeout', () => ({
        unref: () => undefined,
        ref: () => undefined,
        refresh: () => undefined,
      })),
    moments: ['after the first call'],
  },
  {
    name: "the options of the guard's agent are changed",
    twist: ({ rogueRoot, peers }, guard) => {
      const before = { ...guard?.agent.options }
      const { port } = new URL(peers.mispinned)
      const options = {
        rejectUnauthorized: false,
        ca: rogueRoot,
        checkServerIdentity: () => undefined,
        servername: 'another.name.test',
        port: Number(port),
      }
      Object.assign(guard?.agent.options ?? {}, options)
      return () => void Object.assign(guard?.agent.options ?? {}, before)
    },
    moments: ['before the first call', 'after the first call'],
    pinned: 'may fail',
    anyCode: true,
  },
]

function replaced(owner: object, name: string, value: unknown): () => void {
  const holder = owner as Record<string, unknown>
  const before = holder[name]
  holder[name] = value
  syncBuiltinESMExports()
  return () => {
    holder[name] = before
    syncBuiltinESMExports()
  }
}
