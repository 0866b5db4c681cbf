import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Metric } from 'aws-cdk-lib/aws-cloudwatch'
import { guardHostMetric, guardHostSearch, guardMetric } from '../../infra/metrics.ts'
import { METRIC_DIMENSIONS, METRIC_NAMESPACE, METRICS, type MetricName } from '../../lib/events.ts'
import { ALL_EVENTS, dataOf } from './every-event.ts'

const NAMES = Object.keys(METRICS) as MetricName[]
const SERVICE = 'quotes'
const PATTERN = '*.partner.example'

function isWritten(metric: Metric): boolean {
  return dataOf(ALL_EVENTS, SERVICE).some(
    (datum) =>
      datum.namespace === metric.namespace &&
      datum.metric === metric.metricName &&
      datum.unit === metric.unit &&
      JSON.stringify(datum.dimensions) === JSON.stringify(metric.dimensions),
  )
}

describe('a metric of the construct', () => {
  test('is one that the library writes, over the service and for each host', () => {
    const withoutHost = ['PolicyRefresh', 'PolicyRefreshFailure', 'PolicyAge', 'RotationPromoted', 'RotationRefused']
    for (const name of NAMES) {
      assert.ok(isWritten(guardMetric(name, SERVICE)), name)
      assert.equal(isWritten(guardHostMetric(name, SERVICE, PATTERN)), !withoutHost.includes(name), name)
    }
  })

  test('adds up events, and takes the worst of what is a state, an age or a number of days', () => {
    const statistics = Object.groupBy(NAMES, (name) => guardMetric(name, SERVICE).statistic)
    assert.deepEqual(
      { ...statistics },
      {
        Sum: [
          'PinFailure',
          'PinReportOnlyFailure',
          'HostRefused',
          'TlsFailure',
          'BackupPinMatched',
          'PolicyRefresh',
          'PolicyRefreshFailure',
          'RotationPromoted',
          'RotationRefused',
        ],
        Maximum: ['PolicyAge', 'ProbeRefused', 'ProbeUnreachable', 'PinDrift'],
        Minimum: ['DaysToPinExpiry', 'DaysToCertificateExpiry', 'DaysToEntryExpiry', 'UnseenPins'],
      },
    )
  })

  test('takes the caller’s options, but no other name and no other dimensions', () => {
    const metric = guardMetric('PinFailure', SERVICE, {
      statistic: 'SampleCount',
      label: 'failures',
      dimensionsMap: { FunctionName: 'x' },
    })
    assert.equal(metric.statistic, 'SampleCount')
    assert.equal(metric.label, 'failures')
    assert.deepEqual(metric.dimensions, { [METRIC_DIMENSIONS.service]: SERVICE })
  })
})

describe('a search by host', () => {
  test('names the namespace, both dimensions, the metric, this service and the statistic', () => {
    const { expression, label } = guardHostSearch('DaysToPinExpiry', SERVICE)
    assert.equal(
      expression,
      `SEARCH('{${METRIC_NAMESPACE},service,host} MetricName="DaysToPinExpiry" service="quotes"', 'Minimum')`,
    )
    assert.equal(label, `$\{PROP('Dim.host')}`)
  })

  test('can’t be led elsewhere by the name of the service', () => {
    for (const service of ['a" OR service="b', "a', 'Sum') + SEARCH('", 'a\\']) {
      assert.throws(() => guardHostSearch('PinFailure', service), /leave out quotes and backslashes/)
    }
    assert.throws(() => guardHostSearch('PinFailure', 'a'.repeat(1024)), /is too long/)
  })
})
