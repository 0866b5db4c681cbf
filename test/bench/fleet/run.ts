/**
 * Ten thousand environments over two hours of virtual time, for each contender the same ones: what they ask of Secrets
 * Manager and what it costs, how old the pins are that calls are judged by, how long a revoked one lives, and which calls
 * fail when the service does.
 *
 * Usage: `await runFleet()`; or run this file for the table and `--json` for the rows.
 */

import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { pinned, pinnedByExtension } from './contenders.ts'
import { BUSY, type Contender, Environment, RARE, SLEEPING, type Traffic } from './environment.ts'
import { Ledger } from './ledger.ts'
import { findPeers, type Peers } from './peers.ts'
import { DOLLARS_PER_REQUEST, QUOTA_PER_SECOND, SecretsService } from './service.ts'
import { type FleetResult, type FleetRow, fleetTable, type Phase, type Spread } from './table.ts'
import { World } from './world.ts'

export interface FleetOptions {
  /** Default: 10 000. */
  readonly environments?: number
  /** Default: 1. */
  readonly seed?: number
  /** Names of the contenders that take part, as in the table. Default: all. */
  readonly only?: readonly string[]
}

const MINUTE_MS = 60_000

/** After a rotation, and after the outage: longer than revoked pins may live, twice 300 s. */
const WATCH_MS = 13 * MINUTE_MS

/** Of ten environments: so many of each kind. */
const MIX: readonly Traffic[] = [BUSY, BUSY, RARE, RARE, RARE, RARE, RARE, SLEEPING, SLEEPING, SLEEPING]

/** Part of the quota that others use in the last phase. */
const OTHERS = 0.5

/** Smaller fleets are not worth a thread. */
const LARGE = 2_000

export async function runFleet({ environments = 10_000, seed = 1, only }: FleetOptions = {}): Promise<FleetResult> {
  const peers = await findPeers()
  const names = contendersOf(peers).map((make) => make(new SecretsService(new World(seed))).name)
  const waiting = names.filter((name) => only === undefined || only.includes(name))
  const rows = new Map<string, FleetRow>()
  const work = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const job: FleetJob = { name, environments, seed }
      rows.set(name, environments < LARGE ? await runContender(job) : await inThread(job))
    }
  }
  await Promise.all(Array.from({ length: environments < LARGE ? 1 : availableParallelism() }, work))
  const { middyVersion: middy, powertoolsVersion: powertools } = peers
  return { environments, seed, versions: { middy, powertools }, rows: names.flatMap((name) => rows.get(name) ?? []) }
}

/** One contender's fleet. One at a time in a thread: a world takes the clocks of its thread. */
export async function runContender({ name, environments, seed }: FleetJob): Promise<FleetRow> {
  for (const make of contendersOf(await findPeers())) {
    const run = new FleetRun(make, environments, seed)
    if (run.name === name) return await run.row()
  }
  throw new Error(`no contender is called "${name}"`)
}

export interface FleetJob {
  readonly name: string
  readonly environments: number
  readonly seed: number
}

async function inThread(job: FleetJob): Promise<FleetRow> {
  const worker = new Worker(new URL('./thread.ts', import.meta.url), {
    workerData: job,
    // Most objects die young; with the default they are copied again and again, for a sixth of the time.
    resourceLimits: { maxYoungGenerationSizeMb: 128 },
  })
  const [row] = await once(worker, 'message')
  return row
}

function contendersOf(peers: Peers): readonly ((service: SecretsService) => Contender)[] {
  return [
    (service) => pinned('pinned-fetch', service),
    (service) => pinned('pinned-fetch, cacheExpiry 150 s', service, 150_000),
    (service) => pinnedByExtension('pinned-fetch, extension', service),
    (service) => peers.middy('Middy, default (for ever)', service, -1),
    (service) => peers.middy('Middy, cacheExpiry 300 s', service, 300_000),
    (service) => peers.powertools('Powertools, default (5 s)', service, 5),
    (service) => peers.powertools('Powertools, maxAge 300 s', service, 300),
  ]
}

class FleetRun {
  readonly name: string
  readonly #world: World
  readonly #service: SecretsService
  readonly #ledger = new Ledger()
  readonly #contender: Contender
  readonly #size: number
  readonly #fleet: Environment[] = []

  constructor(make: (service: SecretsService) => Contender, size: number, seed: number) {
    this.#world = new World(seed)
    this.#service = new SecretsService(this.#world)
    this.#contender = make(this.#service)
    this.name = this.#contender.name
    this.#size = size
  }

  async row(): Promise<FleetRow> {
    const service = this.#service
    this.#start(this.#size, MINUTE_MS)
    const start = await this.#phase(MINUTE_MS)
    const hour = await this.#phase(60 * MINUTE_MS)

    this.#rotate('2')
    await this.#phase(WATCH_MS)
    const rotation = this.#revokedCalls()

    this.#start(this.#size / 10, 10_000)
    const scaling = await this.#phase(MINUTE_MS)

    service.isDown = true
    const outageFrom = this.#world.now
    await this.#run(5 * MINUTE_MS)
    this.#rotate('3')
    await this.#run(5 * MINUTE_MS)
    const outage = this.#turn(outageFrom)
    service.isDown = false
    const recovery = await this.#phase(WATCH_MS)
    const outageRotation = this.#revokedCalls()

    service.quota = QUOTA_PER_SECOND * OTHERS
    this.#start(this.#size, 1_000)
    const throttling = await this.#phase(MINUTE_MS)
    const phases = { start, hour, scaling, outage, recovery, throttling }
    return { name: this.name, phases, rotation, outageRotation, throttled: service.throttled }
  }

  /** New environments, evenly over a time. */
  #start(count: number, within: number): void {
    const { random } = this.#world
    for (let index = 0; index < count; index++) {
      const traffic = MIX[index % MIX.length] ?? BUSY
      const environment = new Environment(this.#fleet.length, this.#contender, traffic, this.#world, this.#ledger)
      this.#fleet.push(environment)
      environment.startIn(within * random())
    }
  }

  #rotate(version: string): void {
    this.#service.version = this.#ledger.version = version
    for (const environment of this.#fleet) environment.lastRevokedCall = Number.NEGATIVE_INFINITY
  }

  async #run(milliseconds: number): Promise<void> {
    await this.#world.runUntil(this.#world.now + milliseconds)
  }

  async #phase(milliseconds: number): Promise<Phase> {
    const from = this.#world.now
    await this.#run(milliseconds)
    return this.#turn(from)
  }

  #turn(from: number): Phase {
    const seconds = Array.from(
      { length: Math.round((this.#world.now - from) / 1_000) },
      (_, index) => this.#service.requests[Math.round(from / 1_000) + index] ?? 0,
    )
    const requests = seconds.reduce((sum, count) => sum + count, 0)
    const calls = this.#ledger.turn()
    return {
      ...calls,
      requests,
      peakPerSecond: Math.max(...seconds),
      perEnvironmentHour: requests / this.#fleet.length / (seconds.length / 3_600),
      dollarsPerMillionCalls: (requests * DOLLARS_PER_REQUEST * 1e6) / Math.max(1, calls.calls),
    }
  }

  /** When the environments that made calls since the rotation made their last one by the revoked pins, s after it. */
  #revokedCalls(): Spread {
    const rotatedAt = this.#world.now - WATCH_MS
    const seconds = this.#fleet
      .filter(({ lastCall }) => lastCall >= rotatedAt)
      .map(({ lastRevokedCall }) => Math.max(0, lastRevokedCall - rotatedAt) / 1_000)
      .sort((left, right) => left - right)
    const at = (share: number) => seconds[Math.max(0, Math.ceil(share * seconds.length) - 1)] ?? 0
    return { environments: seconds.length, p50: at(0.5), p99: at(0.99), max: at(1) }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const began = performance.now()
  const result = await runFleet()
  console.log(process.argv.includes('--json') ? JSON.stringify(result, undefined, 2) : fleetTable(result))
  console.error(`${Math.round((performance.now() - began) / 1_000)} s`)
}
