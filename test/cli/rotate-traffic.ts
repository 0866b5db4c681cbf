/**
 * Calls through a guard that never stop while something else happens, over fetch and the Agent.
 */

import { request } from 'node:https'
import { createGuard, type Guard, type GuardEvent } from '../../lib/index.ts'
import { awsClientOptions, type SecretsEndpoint } from '../support/secrets-endpoint.ts'
import { Signal } from '../support/signal.ts'
import { SECRET } from './push-scene.ts'

export interface Traffic {
  readonly guard: Guard
  readonly events: readonly GuardEvent[]
  /** What was served, by what the server said; every failure as its error. */
  readonly served: ReadonlyMap<string, number>
  readonly failures: readonly unknown[]
  /** Ends when this many more calls are over, each begun after now. */
  more(calls: number): Promise<void>
  stop(): Promise<void>
}

/** Calls at a time, on each surface. */
const AT_ONCE = 2

export async function startTraffic(url: string, endpoint: SecretsEndpoint, ca: string): Promise<Traffic> {
  const events: GuardEvent[] = []
  const guard = createGuard({
    secretId: SECRET,
    awsClientOptions: awsClientOptions(endpoint),
    ca,
    metrics: false,
    observer: (event) => events.push(event),
  })
  await guard.ready()
  const served = new Map<string, number>()
  const failures: unknown[] = []
  const over = new Signal<void>()
  let isRunning = true
  const caller = async (call: () => Promise<string>) => {
    while (isRunning) {
      try {
        const said = await call()
        served.set(said, (served.get(said) ?? 0) + 1)
      } catch (error) {
        failures.push(error)
      }
      over.emit()
    }
  }
  const callers = Array.from({ length: AT_ONCE }, () => [
    caller(async () => (await guard.fetch(url)).text()),
    caller(() => callByAgent(guard, url)),
  ]).flat()
  return {
    guard,
    events,
    served,
    failures,
    async more(calls) {
      // Those that are on their way are not counted.
      for (let count = 0; count < calls + callers.length; count++) await over.next()
    },
    async stop() {
      isRunning = false
      await Promise.all(callers)
      await guard.close()
    },
  }
}

function callByAgent({ agent }: Guard, url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    request(url, { agent }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response
        .on('data', (part) => (text += part))
        .on('end', () => resolve(text))
        .on('error', reject)
    })
      .on('error', reject)
      .end()
  })
}
