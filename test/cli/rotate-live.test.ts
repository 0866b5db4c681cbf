/**
 * A whole rotation against a live TLS server that really changes its key, while calls run through a guard that reads the
 * same secret. No call fails, with every step undisturbed, and with every step interrupted once and run again.
 *
 * The certificates come from a CA of the kit, and from pebble by ACME.
 */

import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { generateKeys, leafOf, pinOf, presented, rootAuthority } from '../support/authority.ts'
import { startTlsServer } from '../support/tls-server.ts'
import { SECRET, secretScene } from './push-scene.ts'
import { hasPebble, type Issued, startPebble } from './rotate-acme.ts'
import { documentText } from './rotate-scene.ts'
import { startTraffic, type Traffic } from './rotate-traffic.ts'
import { runCommand } from './transcript.ts'

/** Calls between two steps. */
const CALLS = 12

interface Partner {
  readonly root: string
  readonly today: Issued
  readonly next: Issued
}

async function ownAuthority(): Promise<Partner> {
  const root = await rootAuthority('Partner Root')
  const issue = async (): Promise<Issued> => {
    const leaf = await leafOf(root, ['localhost'])
    return { ...presented(leaf), pin: leaf.pin }
  }
  return { root: root.certificate, today: await issue(), next: await issue() }
}

async function pebble(t: TestContext): Promise<Partner> {
  const authority = await startPebble()
  t.after(() => authority.close())
  return { root: authority.root, today: await authority.issue('localhost'), next: await authority.issue('localhost') }
}

describe('a rotation with traffic running through the guard', () => {
  it('fails no call', async (t) => {
    await rotateUnderTraffic(t, await ownAuthority(), {})
  })

  it('fails no call, and resumes, when every step is cut off once', async (t) => {
    const cuts = { start: 4, promote: 4, retire: 6 }
    await rotateUnderTraffic(t, await ownAuthority(), cuts)
  })

  const skip = hasPebble() ? false : 'pebble is not installed (Debian package pebble)'
  it('fails no call when an ACME server issues the next certificate', { skip }, async (t) => {
    await rotateUnderTraffic(t, await pebble(t), { retire: 7 })
  })
})

/** @param cuts of a step: the call to Secrets Manager whose answer is lost */
async function rotateUnderTraffic(
  t: TestContext,
  { root, today, next }: Partner,
  cuts: { readonly [Step in 'start' | 'promote' | 'retire']?: number },
): Promise<void> {
  let key = 'today'
  // Each call its own handshake, so that a new key is met at once.
  const server = await startTlsServer(today, { respond: () => ({ headers: { connection: 'close' }, body: key }) })
  const reserve = pinOf((await generateKeys('p256')).publicKey)
  const { endpoint, env } = await secretScene(t, [documentText(server.port, 1, [today.pin, reserve])])
  const folder = await mkdtemp(join(tmpdir(), 'pinned-fetch-live-'))
  t.after(async () => {
    await server.close()
    await rm(folder, { recursive: true })
  })
  await writeFile(join(folder, 'root.pem'), root)
  await writeFile(join(folder, 'next.json'), documentText(server.port, 2, [next.pin, today.pin, reserve]))
  const traffic = await startTraffic(`https://localhost:${server.port}/`, endpoint, root)
  t.after(() => traffic.stop())

  const step = async (line: string, cut?: number) => {
    const command = `pinned-fetch rotate ${line}`
    if (cut !== undefined) {
      endpoint.cut(cut, 'after')
      const interrupted = await runCommand(command, folder, { env })
      assert.equal(interrupted.exitCode, 3, `${command}: ${interrupted.stdout}${interrupted.stderr}`)
      await traffic.more(CALLS)
    }
    const { exitCode, stdout, stderr } = await runCommand(command, folder, { env })
    assert.equal(exitCode, 0, `${command}: ${stdout}${stderr}`)
    await traffic.more(CALLS)
    return stdout
  }

  await traffic.more(CALLS)
  await step(`start ${SECRET} next.json --yes`, cuts.start)
  await step(`check ${SECRET} --ca root.pem`)
  await step(`promote ${SECRET} --ca root.pem --yes`, cuts.promote)

  // The partner restarts its server with the next key, while somebody watches.
  const watching = runCommand(`pinned-fetch rotate watch ${SECRET} --ca root.pem --every 0.05`, folder, { env })
  await traffic.more(CALLS)
  server.present(next)
  server.ticketKeysRenew()
  key = 'next'
  await traffic.more(CALLS)
  const { exitCode, stderr } = await watching
  assert.equal(exitCode, 0, stderr)

  await step(`retire ${SECRET} --ca root.pem --yes`, cuts.retire)
  await traffic.guard.refresh()
  await traffic.more(CALLS)
  await noCallFailed(traffic)
  await theOldKeyIsRefused(traffic, server, today)
}

async function noCallFailed({ failures, served, events }: Traffic): Promise<void> {
  assert.deepEqual(failures, [])
  assert.ok((served.get('today') ?? 0) > 3 * CALLS, `${served.get('today')} calls with the key of today`)
  assert.ok((served.get('next') ?? 0) > 2 * CALLS, `${served.get('next')} calls with the next key`)
  const troubles = events.filter(({ type }) => /failure|refused/.test(type))
  assert.deepEqual(troubles, [])
}

/** The policy after the rotation holds: the retired key passes no more. */
async function theOldKeyIsRefused(
  { guard }: Traffic,
  server: Awaited<ReturnType<typeof startTlsServer>>,
  today: Issued,
): Promise<void> {
  server.present(today)
  server.ticketKeysRenew()
  await assert.rejects(
    guard.fetch(`https://localhost:${server.port}/`),
    (error: Error) => (error.cause as { code?: string }).code === 'ERR_PIN_MISMATCH',
  )
}
