import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Metrics } from '@aws-lambda-powertools/metrics'
import type { FailureCode, FailureEvidence } from '../../lib/errors.ts'
import { PinnedFetchError } from '../../lib/errors.ts'
import type { GuardEvent, MetricName } from '../../lib/events.ts'
import { METRIC_NAMESPACE, METRICS } from '../../lib/events.ts'
import { metricsObserver } from '../../lib/lambda/metrics.ts'
import { propertiesOf } from '../../lib/lambda/metrics-properties.ts'
import { assertValidEmf, captureStdout, type Line, lines, only, run } from './metrics-lines.ts'

const call = { host: 'api.bank.example', port: 443, pattern: '*.bank.example' }
const presented = [
  {
    pin: `sha256/${'B'.repeat(43)}=`,
    subject: 'CN=api.bank.example',
    role: 'leaf',
    notAfter: '2027-04-02T00:00:00.000Z',
  },
]
const expected = [`sha256/${'A'.repeat(43)}=`]

function failure(code: FailureCode, evidence: object): object {
  return { code, evidence: { host: call.host, port: call.port, policyVersion: 'a1b2', ...evidence } }
}

const pinFailure = { ...call, type: 'pin-failure', error: failure('ERR_PIN_MISMATCH', { presented, expected }) }
const refused = {
  host: 'Evil.example',
  port: 8443,
  pattern: undefined,
  type: 'host-refused',
  error: failure('ERR_HOST_NOT_COVERED', { host: 'Evil.example', port: 8443, protocol: 'https:' }),
}
const service = { service: 'quotes' }

/** Events and the metrics of each. */
const cases: [object, Partial<Record<MetricName, number>>][] = [
  [pinFailure, { PinFailure: 1 }],
  [{ ...pinFailure, type: 'pin-report' }, { PinReportOnlyFailure: 1 }],
  [refused, { HostRefused: 1 }],
  [{ ...call, type: 'tls-failure', code: 'CERT_HAS_EXPIRED' }, { TlsFailure: 1 }],
  [{ ...call, type: 'backup-pin-matched', pin: expected[0], name: 'next key' }, { BackupPinMatched: 1 }],
  [
    { type: 'policy-refreshed', source: 's', version: 'v', changed: true, ageSeconds: 0 },
    { PolicyRefresh: 1, PolicyAge: 0 },
  ],
  [
    { type: 'policy-refresh-failed', source: 's', code: 'C', message: 'm', ageSeconds: 7.5 },
    { PolicyRefreshFailure: 1, PolicyAge: 7.5 },
  ],
  [{ type: 'policy-refresh-failed', source: 's', code: 'C', message: 'm' }, { PolicyRefreshFailure: 1 }],
  [
    { ...call, type: 'expiry-observed', daysToPinExpiry: 12.5, daysToCertificateExpiry: -1 },
    { DaysToPinExpiry: 12.5, DaysToCertificateExpiry: -1 },
  ],
  [{ ...call, type: 'expiry-observed', daysToCertificateExpiry: 30 }, { DaysToCertificateExpiry: 30 }],
]

describe('the line of an event', () => {
  test('is what Powertools makes of the same event', () => {
    for (const [event, metrics] of cases) {
      const { error, ...rest } = event as { readonly error?: { code: FailureCode; evidence: never } }
      const told = { ...rest, ...(error && { error: new PinnedFetchError(error.code, error.evidence) }) } as GuardEvent
      const [written = ''] = captureStdout(() => metricsObserver({ namespace: 'Mine', service: 'quotes' })(told))
      const powertools = new Metrics({ namespace: 'Mine', serviceName: 'quotes' })
      powertools.addDimensions({})
      if ('pattern' in told && told.pattern) powertools.addDimensions({ host: told.pattern })
      for (const [key, value] of Object.entries(propertiesOf(told))) powertools.addMetadata(key, value as string)
      for (const [name, value] of Object.entries(metrics)) {
        powertools.addMetric(name, METRICS[name as MetricName].unit, value)
      }
      const { _aws, ...line } = powertools.serializeMetrics()
      const ours = JSON.parse(written)
      assert.deepEqual(
        { ...ours, timestamp: '', _aws: ours._aws.CloudWatchMetrics },
        { ...JSON.parse(JSON.stringify(line)), timestamp: '', _aws: _aws.CloudWatchMetrics },
      )
    }
  })

  test('is valid EMF for every event that has a metric, and carries exactly its metrics', () => {
    const written = lines({ options: service, events: cases.map(([event]) => event) })
    assert.equal(written.length, cases.length)
    for (const [index, line] of written.entries()) {
      assertValidEmf(line)
      const names = only(line._aws.CloudWatchMetrics).Metrics.map(({ Name }) => Name)
      assert.deepEqual(Object.fromEntries(names.map((name) => [name, line[name]])), cases[index]?.[1])
    }
  })

  test('counts a covered host under the service and under the policy pattern, never under the real name', () => {
    const line = only(lines({ options: service, events: [pinFailure] }))
    const directive = only(line._aws.CloudWatchMetrics)
    assert.equal(directive.Namespace, METRIC_NAMESPACE)
    assert.deepEqual(directive.Dimensions, [['service'], ['service', 'host']])
    assert.equal(line['service'], 'quotes')
    assert.equal(line['host'], '*.bank.example')
  })

  test('carries the evidence as properties', () => {
    const { _aws, message, timestamp, ...line } = only(lines({ options: service, events: [pinFailure] }))
    assert.match(String(message), /no key of its verified path is pinned/)
    assert.ok(Number.isFinite(Date.parse(String(timestamp))))
    assert.deepEqual(line, {
      level: 'ERROR',
      event: 'pin-failure',
      service: 'quotes',
      host: '*.bank.example',
      requestedHost: 'api.bank.example',
      port: 443,
      code: 'ERR_PIN_MISMATCH',
      policyVersion: 'a1b2',
      presented,
      expected,
      PinFailure: 1,
    })
  })

  test('of an uncovered host has no host dimension: a loop over names makes no metrics', () => {
    const line = only(lines({ options: service, events: [refused] }))
    assert.deepEqual(only(line._aws.CloudWatchMetrics).Dimensions, [['service']])
    assert.equal('host' in line, false)
    assert.equal(line['requestedHost'], 'Evil.example')
  })

  test('of one event takes nothing over from the event before', () => {
    const [first, second, third] = lines({ options: service, events: [refused, pinFailure, refused] })
    assert.deepEqual(Object.keys(first ?? {}), Object.keys(third ?? {}))
    assert.equal(second?.['protocol'], undefined)
    assert.equal(third?.['presented'], undefined)
  })
})

describe('writing', () => {
  test('goes past a console that wraps lines, as Lambda patches it in JSON log mode', () => {
    const raw = run({ events: [pinFailure], env: { AWS_LAMBDA_LOG_FORMAT: 'JSON', AWS_LAMBDA_LOG_LEVEL: 'ERROR' } })
    const parsed = raw.map((line) => JSON.parse(line))
    assert.deepEqual(
      parsed.map((line) => Object.keys(line)[0]),
      ['_aws', 'wrapped'],
    )
  })

  test('is done when the event returns: a process killed right after loses nothing', () => {
    assert.equal(lines({ events: [pinFailure, refused], crash: true }).length, 2)
  })

  test('is not switched off by the variables of business metrics', () => {
    for (const env of [{ POWERTOOLS_DEV: 'true' }, { POWERTOOLS_METRICS_DISABLED: 'true' }]) {
      assertValidEmf(only(lines({ events: [pinFailure], env })))
    }
  })

  test('works in the multi-concurrent mode of Managed Instances', () => {
    const ports = Array.from({ length: 40 }, (_, index) => index + 1)
    const events = ports.map((port) => ({ ...(port % 2 ? pinFailure : refused), port }))
    const written = lines({ events, concurrent: true, env: { AWS_LAMBDA_MAX_CONCURRENCY: '40' } })
    written.forEach(assertValidEmf)
    assert.deepEqual(
      written.map((line) => line['port']),
      ports,
    )
    for (const line of written) assert.equal('PinFailure' in line, Number(line['port']) % 2 === 1)
  })

  test('is silent for an accepted connection, and a warning is a plain log line', () => {
    const accepted = { ...call, type: 'connection-accepted', pin: undefined, resumed: false }
    const warning = { type: 'warning', code: 'NO_BACKUP_PIN', message: 'one pin only' }
    const { timestamp, ...line } = only(lines({ options: service, events: [accepted, warning] })) as Record<
      string,
      unknown
    >
    assert.equal(typeof timestamp, 'string')
    assert.deepEqual(line, {
      level: 'WARN',
      event: 'warning',
      code: 'NO_BACKUP_PIN',
      message: 'one pin only',
      service: 'quotes',
    })
  })

  test('keeps a line under 64 KB and valid, whatever the peer and the caller put into it', () => {
    const long = '\u0000'.repeat(100_000)
    const key = { pin: long, subject: long, role: 'leaf', notAfter: long } as const
    const list = Array<string>(1000).fill(long)
    const evidence: FailureEvidence['ERR_PIN_MISMATCH'] = {
      host: long,
      port: 1,
      policyVersion: long,
      presented: Array(50).fill(key),
      expected: list,
    }
    const error = new PinnedFetchError('ERR_PIN_MISMATCH', evidence)
    const events: readonly GuardEvent[] = [
      { type: 'pin-failure', host: long, port: 1, pattern: long, error },
      { type: 'policy-refresh-failed', source: long, code: long, message: long, ageSeconds: 1 },
      { ...call, type: 'backup-pin-matched', pin: long, name: long, pattern: '::1' },
    ]
    const captured = captureStdout(() => events.forEach(metricsObserver({ service: 'größe'.repeat(1000) })))
    assert.equal(captured.length, events.length)
    for (const line of captured) {
      assert.ok(Buffer.byteLength(line) < 64 * 1024, `${Buffer.byteLength(line)} bytes`)
      assertValidEmf(JSON.parse(line))
    }
    assert.equal(JSON.parse(captured[2] ?? '').host, '[::1]')
  })

  test('counts of what the probe met as refused only what a call would be: not what mode "report" lets through', () => {
    const states = ['accepted', 'reported', 'refused', 'unreachable'] as const
    const written = lines({
      options: service,
      events: states.map((state) => ({ ...call, type: 'host-probed', state })),
    })
    assert.deepEqual(
      written.map((line) => [line['state'], line['ProbeRefused'], line['ProbeUnreachable']]),
      [
        ['accepted', 0, 0],
        ['reported', 0, 0],
        ['refused', 1, 0],
        ['unreachable', 0, 1],
      ],
    )
  })

  test('leaves out a number that CloudWatch cannot store', () => {
    const event = { ...call, type: 'expiry-observed', daysToPinExpiry: Infinity, daysToCertificateExpiry: 3 } as const
    const line: Line = JSON.parse(only(captureStdout(() => metricsObserver({})(event))))
    assert.deepEqual(only(line._aws.CloudWatchMetrics).Metrics, [{ Name: 'DaysToCertificateExpiry', Unit: 'Count' }])
  })
})

describe('the names', () => {
  test('of service and namespace come from the options, then from the environment', () => {
    const name = (env: Record<string, string>, options: object) => only(lines({ events: [refused], env, options }))
    const lambda = { AWS_LAMBDA_FUNCTION_NAME: 'function' }
    const powertools = { ...lambda, POWERTOOLS_SERVICE_NAME: 'powertools', POWERTOOLS_METRICS_NAMESPACE: 'Business' }
    assert.equal(name(powertools, { service: 'option' })['service'], 'option')
    assert.equal(name(powertools, {})['service'], 'powertools')
    assert.equal(name(powertools, {})._aws.CloudWatchMetrics[0].Namespace, METRIC_NAMESPACE)
    assert.equal(name(lambda, {})['service'], 'function')
    assert.equal(name({}, {})['service'], 'service_undefined')
    assert.equal(name({}, { namespace: 'Team/Pins' })._aws.CloudWatchMetrics[0].Namespace, 'Team/Pins')
  })
})

describe("a sink that is the user's own Powertools Metrics", () => {
  const sink = { namespace: 'Shop', serviceName: 'checkout', defaultDimensions: { stage: 'prod' } }

  test('rules namespace, service and default dimensions', () => {
    const line = only(lines({ options: service, sink, events: [pinFailure] }))
    assertValidEmf(line)
    const directive = only(line._aws.CloudWatchMetrics)
    assert.equal(directive.Namespace, 'Shop')
    assert.deepEqual(directive.Dimensions, [
      ['service', 'stage'],
      ['service', 'stage', 'host'],
    ])
    assert.equal(line['service'], 'checkout')
    assert.deepEqual(line['presented'], presented)
  })

  test('gets a line per metric, and what the user collects in it stays untouched', () => {
    const metrics = new Metrics(sink)
    metrics.addDimension('shop', 'one').addMetric('Sold', 'Count', 3)
    const event = {
      type: 'policy-refreshed',
      source: 's',
      version: undefined,
      stage: undefined,
      changed: false,
      ageSeconds: 4,
    } as const
    const own = captureStdout(() => metricsObserver({ sink: metrics })(event)).map((line) => JSON.parse(line) as Line)
    assert.deepEqual(
      own.map((line) => only(line._aws.CloudWatchMetrics).Metrics[0]?.Name),
      ['PolicyRefresh', 'PolicyAge'],
    )
    own.forEach(assertValidEmf)
    const user: Line = JSON.parse(only(captureStdout(() => metrics.publishStoredMetrics())))
    assert.deepEqual(only(user._aws.CloudWatchMetrics).Dimensions, [['service', 'stage', 'shop']])
    assert.equal(user['Sold'], 3)
    assert.equal('PolicyRefresh' in user, false)
  })
})
