/**
 * One method for each metric of the guard, for alarms and graphs of one's own: `guard.metricPinFailure({ period })`.
 *
 * All of them are over all hosts of the guard's service. The names are those of lib/events.ts; a test holds the two together.
 */

import type { Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch'
import { Construct } from 'constructs'
import type { MetricName } from '../lib/events.ts'
import { guardMetric } from './metrics.ts'

export abstract class GuardMetrics extends Construct {
  /** The value of the metrics' dimension `service`. */
  abstract readonly service: string

  /** The metric of that name. Statistic, period and the like are overridden by `options`. */
  metric(name: MetricName, options?: MetricOptions): Metric {
    return guardMetric(name, this.service, options)
  }

  /** A call was blocked by a pin. */
  metricPinFailure(options?: MetricOptions): Metric {
    return this.metric('PinFailure', options)
  }

  /** A call would have been blocked; mode "report" let it through. */
  metricPinReportOnlyFailure(options?: MetricOptions): Metric {
    return this.metric('PinReportOnlyFailure', options)
  }

  /** An uncovered host or plain HTTP was refused. */
  metricHostRefused(options?: MetricOptions): Metric {
    return this.metric('HostRefused', options)
  }

  /** Node's own verification refused the peer of a covered host. */
  metricTlsFailure(options?: MetricOptions): Metric {
    return this.metric('TlsFailure', options)
  }

  /** Only a pin that is not the first of its list matched. */
  metricBackupPinMatched(options?: MetricOptions): Metric {
    return this.metric('BackupPinMatched', options)
  }

  /** A load of the policy worked. */
  metricPolicyRefresh(options?: MetricOptions): Metric {
    return this.metric('PolicyRefresh', options)
  }

  /** A load of the policy failed; the last good one still serves. */
  metricPolicyRefreshFailure(options?: MetricOptions): Metric {
    return this.metric('PolicyRefreshFailure', options)
  }

  /** At each refresh: the age of the policy in use. */
  metricPolicyAge(options?: MetricOptions): Metric {
    return this.metric('PolicyAge', options)
  }

  /** First use of a host, and probe: days until its last pin expires. */
  metricDaysToPinExpiry(options?: MetricOptions): Metric {
    return this.metric('DaysToPinExpiry', options)
  }

  /** First use of a host, and probe: days until its path expires. */
  metricDaysToCertificateExpiry(options?: MetricOptions): Metric {
    return this.metric('DaysToCertificateExpiry', options)
  }

  /** Probe: days until the entry of a host expires; negative after it. */
  metricDaysToEntryExpiry(options?: MetricOptions): Metric {
    return this.metric('DaysToEntryExpiry', options)
  }

  /** Probe: 1 when a call to the host would be refused, else 0. */
  metricProbeRefused(options?: MetricOptions): Metric {
    return this.metric('ProbeRefused', options)
  }

  /** Probe: 1 when the host could not be asked, else 0. */
  metricProbeUnreachable(options?: MetricOptions): Metric {
    return this.metric('ProbeUnreachable', options)
  }

  /** Probe: 1 when only a backup pin matches, else 0. */
  metricPinDrift(options?: MetricOptions): Metric {
    return this.metric('PinDrift', options)
  }

  /** Probe: pins of the host that it did not show, its backups; 0: there is none. */
  metricUnseenPins(options?: MetricOptions): Metric {
    return this.metric('UnseenPins', options)
  }

  /** The rotation function made a candidate current. */
  metricRotationPromoted(options?: MetricOptions): Metric {
    return this.metric('RotationPromoted', options)
  }

  /** The rotation function refused a candidate; the current policy serves on. */
  metricRotationRefused(options?: MetricOptions): Metric {
    return this.metric('RotationRefused', options)
  }
}
