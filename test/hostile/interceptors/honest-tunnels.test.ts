/**
 * Honest proxies, tinyproxy and squid: a pinned call passes through them on every surface, and all that they can tell of
 * it is where it went. A key that is not pinned is refused behind them as everywhere.
 */

import assert from 'node:assert/strict'
import { after, before, describe, it, type TestContext } from 'node:test'
import { HOST, type Party, partner } from '../../attacks/cast.ts'
import { assertAccepted, codeOf, SURFACES, type Surface, watchedGuard } from '../../attacks/surfaces.ts'
import { leafOf, presented } from '../../support/authority.ts'
import { startTlsServer, type TlsServer } from '../../support/tls-server.ts'
import { recordResult } from '../suite-result.ts'
import { isInstalled } from './program.ts'
import { allOf, markedCall, orClose, withVariables } from './scene.ts'
import { startSquidTunnel } from './squid.ts'
import { Tally } from './tally.ts'
import { startTinyproxy } from './tinyproxy.ts'
import type { Credentials, Tunnel } from './tunnel.ts'
import { startWire, type Wire } from './wire.ts'

/** Of the proxy itself, where it is spoken to over TLS. */
const PROXY_HOST = 'proxy.company.test'
const CREDENTIALS: Credentials = { user: 'function', password: 'open-sesame' }

interface Kind {
  readonly name: string
  readonly command: 'squid' | 'tinyproxy'
  /** The name that the proxy finds on loopback. */
  readonly host: string
  readonly credentials?: Credentials
  readonly isOverTls?: boolean
}

const KINDS: readonly Kind[] = [
  { name: 'squid', command: 'squid', host: HOST },
  { name: 'squid that asks for a password', command: 'squid', host: HOST, credentials: CREDENTIALS },
  { name: 'squid over TLS', command: 'squid', host: HOST, isOverTls: true },
  { name: 'tinyproxy', command: 'tinyproxy', host: 'localhost' },
  { name: 'tinyproxy that asks for a password', command: 'tinyproxy', host: 'localhost', credentials: CREDENTIALS },
]
const WAYS = ['by the option', 'by the environment'] as const

interface Scene {
  readonly kind: Kind
  readonly origin: TlsServer
  readonly victim: Party
  readonly proxy: Party
  readonly tunnel: Tunnel
  readonly wire: Wire
}

const available = KINDS.filter(({ command }) => isInstalled(command))
const scenes = new Map<Kind, Scene>()
const tally = new Tally()

before(() => allOf(available.map(async (kind) => scenes.set(kind, await openScene(kind)))))

after(async () => {
  for (const { tunnel, wire, origin } of scenes.values()) {
    await Promise.all([tunnel.stop(), wire.close()])
    await origin.close()
  }
  const missing = KINDS.length - available.length
  await recordResult({
    suite: 'Real interceptors - honest tunnels',
    source: 'squid and tinyproxy, from Debian',
    command: 'npm run test:interceptors',
    cases: tally.cases,
    expected: tally.expected,
    got: tally.got,
    divergences: [],
    ...(missing > 0 ? { notTried: [{ cases: missing, reason: 'the proxy is not installed' }] } : {}),
  })
})

for (const kind of KINDS) {
  const { name, command, credentials, isOverTls } = kind
  const skip = !available.includes(kind) && `${command} is not installed (sh test/support/packages.sh)`
  describe(name, { skip }, () => {
    for (const surface of SURFACES) {
      for (const way of WAYS) {
        it(`carries a pinned call and learns nothing of it, ${way}, by ${surface.name}`, (t) =>
          tally.expect('carried', () => isCarried(t, sceneOf(kind), surface, way)))
      }
      it(`carries no byte of a call whose pin does not match, by ${surface.name}`, (t) =>
        tally.expect('refused at the origin', () => isRefused(t, sceneOf(kind), surface)))
      if (credentials !== undefined) {
        it(`lets nobody through who does not know the password, by ${surface.name}`, (t) =>
          tally.expect('refused by the proxy', () => isTurnedAway(t, sceneOf(kind), surface)))
      }
      if (isOverTls) {
        it(`must prove its own key when the policy covers it, by ${surface.name}`, (t) =>
          tally.expect('refused at the proxy', () => isNotTheProxy(t, sceneOf(kind), surface)))
      }
    }
  })
}

async function isCarried(t: TestContext, scene: Scene, surface: Surface, way: (typeof WAYS)[number]): Promise<void> {
  const { kind, victim, origin, wire, tunnel, proxy } = scene
  const asked = (await tunnel.requests()).length
  const url = proxyUrl(scene, kind.credentials)
  const { guard } = watchedGuard({
    policy: { version: 1, hosts: { ...hosts(kind, victim), ...(kind.isOverTls ? pinnedProxy(proxy) : {}) } },
    ca: [victim.root.certificate, proxy.root.certificate],
    proxy: way === 'by the option' ? url : 'environment',
  })
  t.after(() => guard.close())
  const call = markedCall()
  const variables = way === 'by the option' ? {} : { HTTPS_PROXY: url }
  await withVariables(variables, () =>
    assertAccepted(() => surface.call(guard, `${place(scene)}${call.path}`, call.init), origin),
  )
  assert.equal(origin.recording.received.at(-1)?.body, call.init.body)
  guard.close()
  await wire.whenConnectionsClosed()
  const lines = (await tunnel.requests()).slice(asked)
  assert.deepEqual(lines, [`CONNECT ${kind.host}:${origin.port} HTTP/1.1`])
  assert.ok(!(await tunnel.written()).includes(call.mark), 'the proxy has written something of the call')
}

/** A key of somebody else is pinned: the proxy's. It carries the handshake, and that is all. */
async function isRefused(t: TestContext, scene: Scene, surface: Surface): Promise<void> {
  const { kind, proxy, origin, tunnel } = scene
  const asked = (await tunnel.requests()).length
  const foreign = { [kind.host]: { pins: [proxy.root.pin] } }
  await refusedCall(t, scene, surface, { hosts: foreign, credentials: kind.credentials, code: 'ERR_PIN_MISMATCH' })
  assert.deepEqual((await tunnel.requests()).slice(asked), [`CONNECT ${kind.host}:${origin.port} HTTP/1.1`])
}

async function isTurnedAway(t: TestContext, scene: Scene, surface: Surface): Promise<void> {
  const credentials = { ...CREDENTIALS, password: 'guessed' }
  await refusedCall(t, scene, surface, {
    hosts: hosts(scene.kind, scene.victim),
    credentials,
    code: 'ERR_PROXY_FAILED',
  })
}

/** The proxy's certificate is good, but another key is pinned: it is not even asked. */
async function isNotTheProxy(t: TestContext, scene: Scene, surface: Surface): Promise<void> {
  const { kind, victim, tunnel } = scene
  const asked = (await tunnel.requests()).length
  const covered = { ...hosts(kind, victim), [PROXY_HOST]: { pins: [victim.root.pin] } }
  await refusedCall(t, scene, surface, { hosts: covered, credentials: undefined, code: 'ERR_PIN_MISMATCH' })
  assert.equal((await tunnel.requests()).length, asked, 'the proxy was asked')
}

interface Refusal {
  readonly hosts: Readonly<Record<string, unknown>>
  readonly credentials: Credentials | undefined
  readonly code: string
}

/** The origin sees nothing of it, and the proxy writes nothing of it. */
async function refusedCall(t: TestContext, scene: Scene, surface: Surface, refusal: Refusal): Promise<void> {
  const { origin, victim, proxy, tunnel, wire } = scene
  const bytesBefore = origin.recording.bytes
  const { guard } = watchedGuard({
    policy: { version: 1, hosts: refusal.hosts },
    ca: [victim.root.certificate, proxy.root.certificate],
    proxy: proxyUrl(scene, refusal.credentials),
  })
  t.after(() => guard.close())
  const call = markedCall()
  await assert.rejects(surface.call(guard, `${place(scene)}${call.path}`, call.init), (error) => {
    assert.equal(codeOf(error), refusal.code, String(error))
    return true
  })
  await origin.whenConnectionsClosed()
  assert.equal(origin.recording.bytes, bytesBefore, 'the origin saw bytes of a refused call')
  await wire.whenConnectionsClosed()
  assert.ok(!(await tunnel.written()).includes(call.mark))
}

async function openScene(kind: Kind): Promise<Scene> {
  const [victim, proxy] = [await partner(), await partner()]
  const leaf = await leafOf(victim.issuing, [kind.host])
  const proxyLeaf = await leafOf(proxy.issuing, [PROXY_HOST])
  const origin = await startTlsServer(presented(leaf, victim.issuing))
  const options = {
    host: kind.host,
    originPort: origin.port,
    ...(kind.credentials ? { credentials: kind.credentials } : {}),
  }
  const over = kind.isOverTls ? ({ over: [proxyLeaf, proxy.issuing] } as const) : {}
  const starting = kind.command === 'squid' ? startSquidTunnel({ ...options, ...over }) : startTinyproxy(options)
  const tunnel = await orClose(starting, origin)
  return { kind, origin, victim, proxy, tunnel, wire: await startWire(tunnel.port) }
}

const hosts = ({ host }: Kind, { root }: Party) => ({ [host]: { pins: [root.pin] } })

const pinnedProxy = ({ root }: Party) => ({ [PROXY_HOST]: { pins: [root.pin] } })

const place = ({ kind, origin }: Scene) => `https://${kind.host}:${origin.port}`

function proxyUrl({ kind, wire }: Scene, credentials: Credentials | undefined): string {
  const who = credentials === undefined ? '' : `${credentials.user}:${credentials.password}@`
  return kind.isOverTls ? `https://${who}${PROXY_HOST}:${wire.port}` : `http://${who}127.0.0.1:${wire.port}`
}

function sceneOf(kind: Kind): Scene {
  const scene = scenes.get(kind)
  assert.ok(scene !== undefined)
  return scene
}
