import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { describe, test } from 'node:test'
import { Duration } from 'aws-cdk-lib'
import {
  ALARM_NAMES,
  ALARMS,
  type AlarmEntry,
  callersFor,
  RUNBOOK_BASE_URL,
  RUNBOOKS,
} from '../../infra/alarm-table.ts'
import type { GuardEvent } from '../../lib/events.ts'
import { METRIC_NAMESPACE, METRICS, type MetricName } from '../../lib/events.ts'
import { fits, ringing, ruleText, watchedBy } from './alarm-state.ts'
import { ALL_EVENTS, dataOf, EVERY_EVENT, probed } from './every-event.ts'
import { alarmsIn, watchedStack } from './watched-stack.ts'

const RUNBOOK_FOLDER = new URL('../../docs/runbooks/', import.meta.url)

const template = watchedStack({ hasTicketTopic: true })
const alarms = alarmsIn(template)
const bare = alarmsIn(watchedStack({ isBare: true }))

const entries = Object.entries(ALARMS) as [string, AlarmEntry][]
const namesOf = (severity: string) => entries.filter(([, entry]) => entry.severity === severity).map(([name]) => name)

/** Those that this library writes, not AWS. */
function guardMetricsOf(properties: Readonly<Record<string, unknown>>) {
  return watchedBy(properties).filter(({ namespace }) => namespace === METRIC_NAMESPACE)
}

function actionsOf(name: string): string {
  return JSON.stringify(alarms.get(name)?.properties['AlarmActions'] ?? [])
}

describe('the alarms', () => {
  test('are those of the table, and without probe and rotation those that need neither', () => {
    assert.deepEqual([...alarms.keys()].sort(), [...ALARM_NAMES].sort())
    const needNothing = entries.filter(([, entry]) => entry.needs === undefined).map(([name]) => name)
    assert.deepEqual([...bare.keys()].sort(), needNothing.sort())
  })

  test('keep the ids of those that were deployed before: nobody’s subscription or mute is lost', () => {
    const ids = Object.keys(template.findResources('AWS::CloudWatch::Alarm'))
    for (const id of ['AlarmsPinFailure78CC45BD', 'AlarmsHostRefusedBE26E856', 'AlarmsPolicyRefreshFailure1925D3A6']) {
      assert.ok(ids.includes(id), id)
    }
  })

  test('wait only for what the library really writes: namespace, name, dimensions and unit', () => {
    const data = dataOf(ALL_EVENTS, 'quotes')
    for (const { name, isComposite, properties } of alarms.values()) {
      if (isComposite) continue
      for (const wanted of guardMetricsOf(properties)) {
        assert.ok(
          data.some((datum) => fits(wanted, datum)),
          `${name} waits for ${JSON.stringify(wanted)}`,
        )
      }
    }
  })

  test('say of which metrics they are made, and the table agrees', () => {
    for (const { name, isComposite, properties } of alarms.values()) {
      const sensors = isComposite ? ruleText(properties['AlarmRule']).match(/(?<=ALARM\(")\w+/g) : [name]
      const metrics = (sensors ?? []).flatMap((sensor) => guardMetricsOf(alarms.get(sensor)?.properties ?? {}))
      const names = new Set(metrics.map(({ metric }) => metric))
      assert.deepEqual([...names].sort(), [...(ALARMS[name as keyof typeof ALARMS] as AlarmEntry).metrics].sort(), name)
    }
  })

  test('and watch by AWS’s own metrics what the functions of the guard failed on, and nothing else of them', () => {
    const foreign = [...alarms.values()]
      .filter(({ isComposite, properties }) => !isComposite && properties['Namespace'] !== METRIC_NAMESPACE)
      .filter(({ properties }) => properties['Metrics'] === undefined)
      .map(({ name, properties }) => {
        const { Namespace, MetricName, Statistic, Dimensions, Threshold, ComparisonOperator, TreatMissingData } =
          properties
        const [{ Value }] = Dimensions as [{ Value: { Ref?: string; 'Fn::GetAtt'?: [string, string] } }]
        const of = (Value.Ref ?? Value['Fn::GetAtt']?.[0] ?? '').replace(/[0-9A-F]{8}$/, '')
        assert.deepEqual(
          [Threshold, ComparisonOperator, TreatMissingData],
          [1, 'GreaterThanOrEqualToThreshold', 'notBreaching'],
        )
        return [name, Namespace, MetricName, Statistic, of].join(' ')
      })
    assert.deepEqual(foreign.sort(), [
      'FailedEventsWaiting AWS/SQS ApproximateNumberOfMessagesVisible Maximum Failed',
      'ProbeErrors AWS/Lambda Errors Sum Probe',
      'RotationErrors AWS/Lambda Errors Sum Rotation',
    ])
    assert.equal(
      ruleText(alarms.get('GuardFunctionFailed')?.properties['AlarmRule']),
      '(ALARM("ProbeErrors") OR ALARM("RotationErrors") OR ALARM("FailedEventsWaiting"))',
    )
  })

  test('cover every metric but those of things that went well', () => {
    const uncovered = (Object.keys(METRICS) as MetricName[]).filter((metric) => callersFor(metric).length === 0)
    assert.deepEqual(uncovered, ['PolicyRefresh', 'RotationPromoted'])
  })
})

describe('CloudWatch takes them', () => {
  const periods = [
    Duration.minutes(15),
    Duration.hours(1),
    Duration.hours(6),
    Duration.days(1),
    Duration.days(3),
    Duration.days(6),
  ]

  for (const probePeriod of periods) {
    test(`with a probe every ${probePeriod.toHumanString()}: it looks back at most a week, or a day by less than hours`, () => {
      for (const { name, properties } of alarmsIn(watchedStack({ probePeriod })).values()) {
        const { Period, EvaluationPeriods, DatapointsToAlarm } = properties as Record<string, number>
        if (Period === undefined || EvaluationPeriods === undefined) continue
        assert.ok(Period % 60 === 0 && Period <= 86_400, name)
        assert.ok(Period * EvaluationPeriods <= (Period < 3600 ? 86_400 : 604_800), name)
        assert.ok(DatapointsToAlarm !== undefined && DatapointsToAlarm <= EvaluationPeriods, name)
      }
    })

    test(`with a probe every ${probePeriod.toHumanString()}: what it writes outlasts the time until it runs again`, () => {
      for (const { name, properties } of alarmsIn(watchedStack({ probePeriod })).values()) {
        const { Period = 0, EvaluationPeriods = 0, TreatMissingData, MetricName } = properties as Record<string, never>
        const isOfProbe = /^(Days|Probe|Pin(Drift)|Unseen)/.test(String(MetricName)) && name !== 'ProbeAccepts'
        if (!isOfProbe || TreatMissingData === 'ignore') continue
        assert.ok(Period * EvaluationPeriods > probePeriod.toSeconds(), name)
      }
    })
  }

  test('and a probe that runs so seldom that none could see it is refused at synth', () => {
    assert.throws(() => watchedStack({ probePeriod: Duration.days(7) }), /must run at least every 6 days/)
  })

  test('in length: a description has 1024 characters, a rule 10240 and a hundred alarms', () => {
    for (const { name, properties } of [...alarms.values(), ...bare.values()]) {
      const description = String(properties['AlarmDescription'])
      assert.ok(description.length <= 1024, `${name}: ${description.length}`)
      if (!properties['AlarmRule']) continue
      const rule = ruleText(properties['AlarmRule'])
      // An alarm's ARN is longer than its name here, by at most 300 characters.
      const references = rule.match(/ALARM\(/g)?.length ?? 0
      assert.ok(references <= 100 && rule.length + 300 * references <= 10_240, name)
    }
    assert.throws(() => watchedStack({ runbookBaseUrl: `https://example.com/${'a'.repeat(1000)}` }), /too long/)
  })

  test('and the sum of waiting is what a suppressed alarm is told', () => {
    for (const name of ['CallsRefused', 'CallsWouldBeRefused']) {
      const { ActionsSuppressor, ActionsSuppressorWaitPeriod, ActionsSuppressorExtensionPeriod } =
        alarms.get(name)?.properties ?? {}
      assert.ok(
        ActionsSuppressor && Number(ActionsSuppressorWaitPeriod) > 0 && Number(ActionsSuppressorExtensionPeriod) > 0,
      )
    }
  })
})

describe('a description', () => {
  test('says of which service, what happened, what to do, and ends with its runbook', () => {
    for (const { name, properties } of alarms.values()) {
      const entry = ALARMS[name as keyof typeof ALARMS]
      const description = String(properties['AlarmDescription'])
      assert.ok(description.startsWith(`quotes: ${entry.happened}. ${entry.first}`), name)
      assert.ok(description.endsWith(` Runbook: ${RUNBOOK_BASE_URL}/${entry.runbook}.md`), name)
    }
  })

  test('links another place of runbooks on request', () => {
    for (const { properties } of alarmsIn(watchedStack({ runbookBaseUrl: 'https://wiki.example' })).values()) {
      assert.match(String(properties['AlarmDescription']), / Runbook: https:\/\/wiki\.example\/[\w-]+\.md$/)
    }
  })

  test('names only runbooks that are there, and every runbook is named by one', (context) => {
    assert.deepEqual([...new Set(entries.map(([, { runbook }]) => runbook))].sort(), [...RUNBOOKS].sort())
    if (!existsSync(RUNBOOK_FOLDER)) return context.skip('docs/runbooks is not there yet: the links were not followed')
    const written = readdirSync(RUNBOOK_FOLDER).filter((file) => file.endsWith('.md') && file !== 'README.md')
    assert.deepEqual(written.sort(), RUNBOOKS.map((name) => `${name}.md`).sort())
  })
})

describe('whom an alarm calls', () => {
  test('a page the one topic, a ticket the other, a sensor none', () => {
    for (const name of namesOf('page')) assert.match(actionsOf(name), /^\[\{"Ref":"Pages\w+"\}\]$/, name)
    for (const name of namesOf('ticket')) assert.match(actionsOf(name), /^\[\{"Ref":"Tickets\w+"\}\]$/, name)
    for (const name of namesOf('sensor')) assert.doesNotMatch(actionsOf(name), /Pages|Tickets/, name)
  })

  test('both the one topic where there is one', () => {
    for (const { name, properties } of bare.values()) {
      const isSilent = (ALARMS[name as keyof typeof ALARMS] as AlarmEntry).severity === 'sensor'
      assert.equal(properties['AlarmActions'] === undefined, isSilent, name)
    }
  })

  test('nobody twice for one thing: what a composite alarm is made of calls nobody itself', () => {
    for (const { isComposite, properties } of alarms.values()) {
      if (!isComposite) continue
      for (const sensor of ruleText(properties['AlarmRule']).match(/(?<=ALARM\(")\w+/g) ?? []) {
        assert.equal(ALARMS[sensor as keyof typeof ALARMS].severity, 'sensor', sensor)
      }
    }
  })

  test('the lesser alarm waits for the greater, and longer where the probe is asked', () => {
    const suppressorOf = (name: string) => JSON.stringify(alarms.get(name)?.properties['ActionsSuppressor'])
    assert.match(suppressorOf('CallsRefused'), /AlarmsSomebodyInTheMiddle/)
    assert.match(suppressorOf('CallsWouldBeRefused'), /AlarmsCallsRefused/)
    assert.equal(alarms.get('CallsRefused')?.properties['ActionsSuppressorWaitPeriod'], 300)
    assert.equal(bare.get('CallsRefused')?.properties['ActionsSuppressorWaitPeriod'], 120)
  })

  test('the probe, at once, where calls are refused, and it may be called by these two alarms only', () => {
    for (const name of ['PinFailure', 'TlsFailure']) assert.match(actionsOf(name), /"Fn::GetAtt":\["Probe\w+","Arn"\]/)
    const permissions = Object.values(template.findResources('AWS::Lambda::Permission'))
    assert.deepEqual(
      permissions.map(({ Properties }) => [
        Properties.Action,
        Properties.Principal,
        Properties.SourceArn['Fn::GetAtt'][0].replace(/[0-9A-F]{8}$/, ''),
      ]),
      ['PinFailure', 'TlsFailure'].map((name) => [
        'lambda:InvokeFunction',
        'lambda.alarms.cloudwatch.amazonaws.com',
        `Alarms${name}`,
      ]),
    )
    const unasked = alarmsIn(watchedStack({ isProbeUnasked: true }))
    assert.equal(unasked.get('PinFailure')?.properties['AlarmActions'], undefined)
  })
})

/** The alarms that call somebody after these events, without the lesser ones that the greater silence. */
function called(events: readonly GuardEvent[], of = alarms): string[] {
  const names = ringing(of, events, 'quotes')
  if (names.has('SomebodyInTheMiddle')) names.delete('CallsRefused')
  if (names.has('SomebodyInTheMiddle') || names.has('CallsRefused')) names.delete('CallsWouldBeRefused')
  return [...names].filter((name) => ALARMS[name as keyof typeof ALARMS].severity !== 'sensor').sort()
}

const { 'pin-failure': pinFailure, 'tls-failure': tlsFailure } = EVERY_EVENT
const accepted = probed({})
const refused = probed({ state: 'refused', code: 'ERR_PIN_MISMATCH', unseenPins: undefined })
/** A trial: the policy does not know the key yet, and refuses no call. */
const reported = probed({
  state: 'reported',
  code: 'ERR_PIN_MISMATCH',
  unseenPins: undefined,
  host: 'b.partner.example',
})

describe('what has happened, and what is called for', () => {
  const scenes: readonly [scene: string, events: readonly GuardEvent[], calls: readonly string[]][] = [
    ['all is well, and the probe said so', [accepted], []],
    ['the probe has stopped', [], ['ProbeSilent']],
    [
      'a trusted interceptor on our way out: calls fail, the probe passes',
      [pinFailure, accepted],
      ['SomebodyInTheMiddle'],
    ],
    ['an untrusted one: certificates are invalid to calls alone', [tlsFailure, accepted], ['SomebodyInTheMiddle']],
    ['an unannounced rotation: everybody sees the new key', [pinFailure, refused], ['CallsRefused']],
    ['the host let its certificate expire: everybody sees it', [tlsFailure, refused], ['CallsRefused']],
    ['the host is broken in both ways, for everybody', [pinFailure, tlsFailure, refused], ['CallsRefused']],
    ['the probe finds it before a call does', [refused], ['CallsWouldBeRefused']],
    ['an announced rotation: the backup matches', [probed({ isDrifted: true })], ['PinsWillBreak']],
    [
      'the same, seen by calls and by the probe',
      [EVERY_EVENT['backup-pin-matched'], probed({ isDrifted: true })],
      ['PinsWillBreak'],
    ],
    ['no backup is left', [probed({ unseenPins: 0 })], ['PinsWillBreak']],
    ['the last pin expires within a month', [probed({ daysToPinExpiry: 30 })], ['PinsWillBreak']],
    ['the certificate was not renewed', [probed({ daysToCertificateExpiry: 7 })], ['PinsWillBreak']],
    [
      'one host of two has no backup',
      [probed({ unseenPins: 0 }), probed({ host: 'b.partner.example' })],
      ['PinsWillBreak'],
    ],
    ['an entry expires within two weeks', [probed({ daysToEntryExpiry: 14 })], ['PinsWillBreak']],
    ['an entry has expired, and goes on', [probed({ daysToEntryExpiry: -3 })], ['EntryExpired', 'PinsWillBreak']],
    [
      'calls are refused, and the probe reaches nobody: that proves nothing',
      [pinFailure, probed({ state: 'unreachable' })],
      ['CallsRefused', 'ProbeUnreachable'],
    ],
    [
      'one host passes, the other is refused to everybody',
      [pinFailure, refused, probed({ host: 'b.partner.example' })],
      ['CallsRefused'],
    ],
    ['a host in mode "report" shows the probe another key: a trial', [accepted, reported], []],
    ['and during it another host is intercepted', [pinFailure, accepted, reported], ['SomebodyInTheMiddle']],
    ['the host does not answer the probe', [probed({ state: 'unreachable' })], ['ProbeUnreachable']],
    ['a call to somewhere else', [EVERY_EVENT['host-refused'], accepted], ['HostRefused']],
    ['"report" was left on', [EVERY_EVENT['pin-report'], accepted], ['PinReportOnlyFailure']],
    [
      'an old policy can not be loaded anew',
      [EVERY_EVENT['policy-refresh-failed'], accepted],
      ['PolicyRefreshFailure', 'PolicyStale'],
    ],
    [
      'a load fails for once',
      [{ ...EVERY_EVENT['policy-refresh-failed'], ageSeconds: 400 }, accepted],
      ['PolicyRefreshFailure'],
    ],
    [
      'an environment wakes up, old, and loads',
      [{ ...EVERY_EVENT['policy-refreshed'], ageSeconds: 9999 }, accepted],
      [],
    ],
    ['the rotation function refuses a candidate', [EVERY_EVENT['rotation-ended'], accepted], ['RotationRefused']],
    ['it promotes one', [{ ...EVERY_EVENT['rotation-ended'], outcome: 'promoted' }, accepted], []],
  ]
  for (const [scene, events, calls] of scenes) {
    test(`${scene}: ${calls.join(', ') || 'nobody'}`, () => {
      assert.deepEqual(called(events), [...calls])
    })
  }

  test('without a probe, both kinds of failures at once are an interception, and one kind is not yet', () => {
    assert.deepEqual(called([pinFailure], bare), ['CallsRefused'])
    assert.deepEqual(called([tlsFailure], bare), ['CallsRefused'])
    assert.deepEqual(called([pinFailure, tlsFailure], bare), ['SomebodyInTheMiddle'])
  })

  test('a host that is not covered rings though no host can be counted', () => {
    assert.deepEqual(called([{ ...EVERY_EVENT['host-refused'], pattern: undefined }], bare), ['HostRefused'])
  })
})

describe('thresholds', () => {
  test('are the caller’s, in days and in a duration', () => {
    const own = { daysToPinExpiry: 60, daysToCertificateExpiry: 3, daysToEntryExpiry: 21, policyAge: Duration.hours(6) }
    const changed = alarmsIn(watchedStack({ thresholds: own }))
    const threshold = (name: string) => changed.get(name)?.properties['Threshold']
    const names = ['DaysToPinExpiry', 'DaysToCertificateExpiry', 'DaysToEntryExpiry', 'PolicyStale', 'EntryExpired']
    assert.deepEqual(names.map(threshold), [60, 3, 21, 21_600, 0])
  })
})
