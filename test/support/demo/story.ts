/**
 * The story, in five steps. Each says what happens, and ends only when it was observed: at the function, at the
 * servers, and in the metrics.
 */

import type { MetricName } from '../../../lib/events.ts'
import type { TlsServer } from '../tls-server.ts'
import type { ExampleFunction } from './example-function.ts'
import { describeMetric, type MetricLine } from './metric-line.ts'
import { observe, within } from './observation.ts'
import { QUICK_EXPIRY_MS, type Stage } from './stage.ts'
import type { Timeline } from './timeline.ts'
import { callUntil, describe, passed } from './traffic.ts'
import { callUnpinned } from './unpinned-call.ts'

export interface Step {
  readonly title: string
  readonly run: (stage: Stage, timeline: Timeline) => Promise<void>
}

/** Calls by each of the partner's keys, so that the rotation falls among them. */
const CALLS_BY_KEY = 50
/** Calls of one invocation while the partner rotates: several connections are open at once. */
const CALLS_AT_ONCE = 5

/** Less than a client keeps an idle connection by itself (4 s): one that is closed by then was closed on purpose. */
const CLOSE_LIMIT_MS = 3_000

/** Lines of a refusal that are shown; the rest is more pins and the hint. */
const MESSAGE_LINES = 4

export const STORY: readonly Step[] = [
  { title: 'A call passes', run: callPasses },
  { title: "The attacker takes the partner's place", run: attackerIsRefused },
  { title: 'The partner rotates its key while calls run', run: rotationFailsNoCall },
  { title: 'The old pin is removed', run: oldKeyIsRefused },
  { title: 'The secret is broken', run: lastGoodPolicyServes },
]

async function callPasses({ cast: { partner }, environment }: Stage, timeline: Timeline): Promise<void> {
  const first = await environment.invoke()
  observe(passed(first.results[0]), 'a call that passes', describe(first.results[0]))
  timeline.observed(`HTTP 200 in ${first.ms} ms, the start of the environment included`)
  timeline.evidence('answer', describe(first.results[0]))
  timeline.evidence('pinned', `${partner.pin}  ${partner.name}`)
  // Its answer is the connection's last, so that the next call has to open one.
  partner.drain()
  const second = await environment.invoke()
  const [one, other] = partner.server.recording.received
  observe(passed(second.results[0]), 'a second call that passes', describe(second.results[0]))
  observe(one?.connection === other?.connection, 'the second call on the connection of the first', 'a new connection')
  timeline.observed(`HTTP 200 in ${second.ms} ms, on the same connection`)
  await whenClosed(partner.server)
}

async function attackerIsRefused(stage: Stage, timeline: Timeline): Promise<void> {
  const { cast, road, url, environment } = stage
  road.leadTo(cast.attacker.server)
  timeline.event(`the road leads to the attacker now: a valid certificate, from ${cast.attackerCa}`)
  timeline.evidence('its key', cast.attacker.pin)
  const status = await callUnpinned(url, cast.trusted)
  const { bytes } = cast.attacker.server.recording
  observe(status === 200 && bytes > 0, 'an attacker whom a call without pins falls for', `HTTP ${status}`)
  timeline.event(`without pins, the same trust: HTTP 200 from the attacker, who got ${bytes} bytes of the request`)
  await refusedByTheAttacker(stage, environment, timeline)
  await showMetric(environment, 'PinFailure', timeline)
  await environment.whenMetric('PolicyRefresh', (line) => line['changed'] === false)
  timeline.evidence('first', 'the secret was asked once more, in case of a rotation: it had not changed')
}

/** One call of the function to the attacker: refused, and nothing of it got there. */
async function refusedByTheAttacker({ cast: { attacker } }: Stage, environment: ExampleFunction, timeline: Timeline) {
  const { recording } = attacker.server
  await whenClosed(attacker.server)
  recording.clear()
  const { results, ms } = await environment.invoke()
  const [result] = results
  observe(result !== undefined && 'code' in result, 'a refused call', describe(result))
  observe(result.code === 'ERR_PIN_MISMATCH', 'ERR_PIN_MISMATCH', describe(result))
  await whenClosed(attacker.server)
  observe(recording.connections > 0, 'a connection to the attacker', 'none')
  observe(recording.bytes === 0, 'no byte of the request at the attacker', `${recording.bytes} bytes`)
  timeline.observed(`refused in ${ms} ms with ${result.code}; 0 bytes of the request reached the attacker`)
  timeline.block(result.message.split('\n').slice(0, MESSAGE_LINES).join('\n'))
}

async function rotationFailsNoCall(stage: Stage, timeline: Timeline): Promise<void> {
  const { cast, road, environment } = stage
  const { partner, renewed, reserve } = cast
  partner.stay()
  partner.server.recording.clear()
  road.leadTo(partner.server)
  const traffic = callUntil(environment, {
    until: (results) =>
      renewed.server.recording.requests >= CALLS_BY_KEY || !results.slice(-CALLS_AT_ONCE).every(passed),
    expected: `${CALLS_BY_KEY} calls answered with ${renewed.name}`,
    calls: CALLS_AT_ONCE,
    paceMs: 0,
  })
  await Promise.race([whenServed(partner.server, CALLS_BY_KEY), traffic])
  timeline.event(`calls run, ${CALLS_AT_ONCE} at a time; the partner announces its next key`)
  timeline.evidence('secret', await stage.publish(partner, renewed, reserve))
  road.leadTo(renewed.server)
  partner.drain()
  timeline.event('new connections get the new key, and the old ones end with their next answer')

  const { results, slowestMs } = await traffic
  const failed = results.filter((result) => !passed(result))
  observe(failed.length === 0, 'that no call fails', `${failed.length} failed, the first: ${describe(failed[0])}`)
  const byNewKey = results.filter((result) => 'body' in result && result.body.includes(renewed.name)).length
  observe(byNewKey >= CALLS_BY_KEY, `${CALLS_BY_KEY} calls answered with ${renewed.name}`, `${byNewKey}`)
  timeline.observed(
    `${results.length} calls, 0 failed: ${results.length - byNewKey} with key 1, ${byNewKey} with key 2`,
  )
  timeline.evidence('slowest', `${slowestMs} ms for ${CALLS_AT_ONCE} calls at once`)
  const isNews = (line: MetricLine) => line['changed'] === true && Number(line['PolicyAge']) > 0
  const refresh = await environment.whenMetric('PolicyRefresh', isNews)
  const age = Number(refresh['PolicyAge']).toFixed(1)
  timeline.observed(`the new key made the function ask for the secret again: its policy was fresh, ${age} s old`)
  await showMetric(environment, 'BackupPinMatched', timeline)
}

async function oldKeyIsRefused(stage: Stage, timeline: Timeline): Promise<void> {
  const { cast, road } = stage
  const { partner, renewed, reserve } = cast
  const { server } = partner
  server.destroyConnections() // What the first environment may have left idle; it makes no call any more.
  await server.whenConnectionsClosed()
  partner.stay()
  server.recording.clear()
  road.leadTo(server)
  const environment = await stage.quickEnvironment()
  timeline.event(`a second environment, with PIN_CACHE_EXPIRY_MS=${QUICK_EXPIRY_MS}; unset, it is five minutes`)
  const { results } = await environment.invoke()
  observe(passed(results[0]), 'a call to the old key that passes', describe(results[0]))
  observe(server.connectionsOpen() === 1, 'an open connection to the old key', `${server.connectionsOpen()}`)
  timeline.event('the old key is still pinned: a call to it passes, and its connection stays open')
  timeline.evidence('secret', await stage.publish(renewed, reserve))

  const removedAt = performance.now()
  let bytes = server.recording.bytes
  const traffic = await callUntil(environment, {
    until(soFar) {
      const isRefused = !passed(soFar.at(-1))
      if (!isRefused) bytes = server.recording.bytes
      return isRefused
    },
    expected: 'a refusal of the old key',
  })
  const tookMs = Math.round(performance.now() - removedAt)
  const refusal = traffic.results.at(-1)
  observe(refusal !== undefined && 'code' in refusal, 'a refused call', describe(refusal))
  observe(refusal.code === 'ERR_PIN_MISMATCH', 'ERR_PIN_MISMATCH', describe(refusal))
  const connection = server.recording.received.at(-1)?.connection
  await whenClosed(server)
  observe(server.recording.bytes === bytes, 'no byte of the refused call', `${server.recording.bytes - bytes} bytes`)
  timeline.observed(`the old key is refused ${tookMs} ms after its pin was removed; 0 bytes of the call reached it`)
  timeline.evidence('until then', `${traffic.results.length - 1} calls passed by the policy that was still fresh`)
  timeline.observed(`connection ${connection}, open and proven before, was closed; no call used it again`)
  await showMetric(environment, 'PinFailure', timeline)

  renewed.stay()
  road.leadTo(renewed.server)
  const after = await environment.invoke()
  observe(passed(after.results[0]), 'a call to the new key that passes', describe(after.results[0]))
  timeline.observed(`the new key passes: ${describe(after.results[0])}`)
}

async function lastGoodPolicyServes(stage: Stage, timeline: Timeline): Promise<void> {
  const { cast, road } = stage
  const { renewed, attacker } = cast
  const environment = await stage.quickEnvironment()
  timeline.event('a slip of the hand cuts the secret in half')
  timeline.evidence('secret', await stage.breakSecret())
  let isTold = false
  const told = environment.whenMetric('PolicyRefreshFailure').then((line) => {
    isTold = true
    return line
  })
  const expected = 'the metric PolicyRefreshFailure'
  const [line, { results }] = await Promise.all([told, callUntil(environment, { until: () => isTold, expected })])
  const failed = results.filter((result) => !passed(result))
  observe(failed.length === 0, 'that no call fails', `${failed.length} failed, the first: ${describe(failed[0])}`)
  observe(line['code'] === 'ERR_POLICY_MALFORMED', 'ERR_POLICY_MALFORMED', String(line['code']))
  timeline.observed(`the refresh failed with ${line['code']}, and the metric says so`)
  timeline.evidence('metric', describeMetric(line, 'PolicyRefreshFailure'))
  timeline.block(String(line['message']))

  renewed.drain()
  const { results: after } = await environment.invoke()
  observe(passed(after[0]), 'a call by the last good policy', describe(after[0]))
  timeline.observed(`the last good policy serves: ${results.length + 1} calls, 0 failed`)
  road.leadTo(attacker.server)
  timeline.event('the attacker tries once more')
  await refusedByTheAttacker(stage, environment, timeline)
}

async function showMetric(environment: ExampleFunction, name: MetricName, timeline: Timeline): Promise<void> {
  timeline.evidence('metric', describeMetric(await environment.whenMetric(name), name))
}

async function whenClosed(server: TlsServer): Promise<void> {
  await within(CLOSE_LIMIT_MS, 'that no connection stays open', server.whenConnectionsClosed())
}

async function whenServed(server: TlsServer, count: number): Promise<void> {
  while (server.recording.requests < count) await server.whenRequested()
}
