/**
 * One run of the probe in this process: where time runs out, where many hosts are asked, where two run at once.
 */

import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { Deadline } from '../../../functions/probe/deadline.ts'
import { runProbe } from '../../../functions/probe/run.ts'
import type { GuardEvent } from '../../../lib/events.ts'
import { parsePolicy } from '../../../lib/policy/document.ts'
import { intermediateOf, leafOf, presented, rootAuthority } from '../../support/authority.ts'
import { startTlsServer, type TlsServer, type TlsServerOptions } from '../../support/tls-server.ts'

const root = await rootAuthority('Run Root')
const issuer = await intermediateOf(root, 'Run CA')
const leaf = await leafOf(issuer, ['localhost', 'eu.shops.partner.test'])
const stranger = await rootAuthority('Stranger')

const servers: TlsServer[] = []
after(() => Promise.all(servers.map((server) => server.close())))

const ENTRY = { pins: [leaf.pin, stranger.pin], anchors: [root.certificate] }

async function serve(options: TlsServerOptions = {}) {
  const server = await startTlsServer(presented(leaf, issuer), options)
  servers.push(server)
  return { server, place: `localhost:${server.port}` }
}

function loaded(hosts: Readonly<Record<string, unknown>>) {
  return { policy: parsePolicy({ version: 1, hosts }), source: 'secret "prod/pins"', version: 'v1' }
}

type Probed = Extract<GuardEvent, { type: 'host-probed' }>

function recorder() {
  const events: GuardEvent[] = []
  return {
    observe: (event: GuardEvent) => events.push(event),
    probed: () => events.filter((event): event is Probed => event.type === 'host-probed'),
    warnings: () => events.flatMap((event) => (event.type === 'warning' ? [event] : [])),
  }
}

describe('a run of the probe', () => {
  it('tells of hosts that it had no time for that it had none, and of the others what it saw', async () => {
    const { place } = await serve()
    const silent = await serve({ delayHandshake: () => new Promise(() => undefined) })
    const controller = new AbortController()
    const hosts = { [place]: ENTRY, [silent.place]: ENTRY }
    const { observe, probed } = recorder()
    const connected = silent.server.whenConnected()
    const running = runProbe(loaded(hosts), undefined, { observe, signal: controller.signal })
    await connected
    await servers[0]?.whenConnectionsClosed()
    controller.abort(Object.assign(new Error('the probe ran out of time'), { code: 'PROBE_OUT_OF_TIME' }))
    const { counts } = await running
    assert.deepEqual([counts.accepted, counts.unreachable], [1, 1])
    const late = probed().find(({ state }) => state === 'unreachable')
    assert.equal(late?.code, 'PROBE_OUT_OF_TIME')
    assert.match(late?.message ?? '', /^localhost:\d+: given up, the probe ran out of time$/)
  })

  it('connects to nobody when there is no time at all', async () => {
    const { place, server } = await serve()
    const { observe, probed } = recorder()
    await runProbe(loaded({ [place]: ENTRY }), undefined, { observe, signal: AbortSignal.abort(new Error('late')) })
    assert.deepEqual(
      probed().map(({ state, message }) => [state, message]),
      [['unreachable', `${place}: given up, late`]],
    )
    assert.equal(server.recording.connections, 0)
  })

  it('looks at the hosts that were named below wildcards, by the pattern’s pins', async () => {
    const { server } = await serve()
    const { observe, probed, warnings } = recorder()
    const summary = await runProbe(
      loaded({ '*.shops.partner.test': ENTRY, '**.other.test': ENTRY }),
      JSON.stringify([`eu.shops.partner.test:${server.port}`]),
      {
        observe,
        signal: AbortSignal.timeout(60_000),
        lookup: (_name, options, callback) =>
          options.all ? callback(null, [{ address: '127.0.0.1', family: 4 }]) : callback(null, '127.0.0.1', 4),
      },
    )
    const [event, ...others] = probed()
    assert.deepEqual([event?.state, event?.pattern, event?.pin], ['accepted', '*.shops.partner.test', leaf.pin])
    assert.deepEqual(others, [])
    assert.deepEqual(summary.unseen, ['**.other.test'])
    assert.match(warnings().find(({ code }) => code === 'probe-unseen-patterns')?.message ?? '', /"\*\*\.other\.test"/)
    assert.equal(server.recording.bytes, 0)
  })

  it('refuses a named host that no entry covers, as a guard would', async () => {
    const { place } = await serve()
    const { observe, probed } = recorder()
    const named = JSON.stringify([place])
    await runProbe(loaded({ '127.0.0.1:1': ENTRY }), named, { observe, signal: AbortSignal.timeout(60_000) })
    const event = probed().find(({ host }) => host === 'localhost')
    assert.deepEqual(
      [event?.state, event?.code, event?.pattern, event?.unseenPins],
      ['refused', 'ERR_HOST_NOT_COVERED', undefined, undefined],
    )
  })

  it('tells a bounded number of warnings, and how many are left', async () => {
    const hosts = Object.fromEntries(Array.from({ length: 120 }, (_, n) => [`*.n${n}.test`, { pins: [leaf.pin] }]))
    const { observe, probed, warnings } = recorder()
    await runProbe(loaded(hosts), undefined, { observe, signal: AbortSignal.timeout(60_000) })
    assert.deepEqual(probed(), [])
    assert.equal(warnings().length, 51)
    assert.deepEqual(warnings()[0]?.code, 'probe-saw-nothing')
    assert.match(warnings()[0]?.message ?? '', /"\*\.n9\.test" and 110 more/)
    assert.match(warnings().at(-1)?.message ?? '', /^71 more are not told/)
  })

  it('shares nothing with another at the same time', async () => {
    const [one, two] = [await serve(), await serve()]
    const wrong = { ...ENTRY, pins: [stranger.pin, issuer.pin.replace(/^sha256\/./, 'sha256/A')] }
    const runs = [loaded({ [one.place]: ENTRY }), loaded({ [one.place]: wrong, [two.place]: ENTRY })].map(
      async (policy) => {
        const { observe, probed } = recorder()
        const summary = await runProbe(policy, undefined, { observe, signal: AbortSignal.timeout(60_000) })
        return { counts: summary.counts, states: probed().map(({ state }) => state) }
      },
    )
    assert.deepEqual(
      (await Promise.all(runs)).map(({ states }) => states),
      [['accepted'], ['refused', 'accepted']],
    )
  })
})

describe('the deadline of a run', () => {
  it('is there at once when there is no time to begin with, and says why', async () => {
    const { signal } = new Deadline(0)
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve))
    assert.match((signal.reason as Error).message, /raise its timeout/)
  })

  it('keeps nothing alive once it is cleared', () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const before = timers()
    const deadline = new Deadline(900_000)
    assert.equal(timers(), before + 1)
    deadline.clear()
    assert.equal(timers(), before)
  })
})
