/**
 * A stack with the alarms and the dashboard of one guard and nothing else, synthesized, and its tokens given values.
 */

import { App, Duration, Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda'
import { LogGroup } from 'aws-cdk-lib/aws-logs'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { Queue } from 'aws-cdk-lib/aws-sqs'
import type { GuardAlarmThresholds } from '../../infra/alarm-sensors.ts'
import { GuardAlarms } from '../../infra/alarms.ts'
import { GuardDashboard } from '../../infra/dashboard.ts'

export interface WatchedOptions {
  readonly service?: string
  readonly probePeriod?: Duration
  /** No probe and no rotation function. */
  readonly isBare?: boolean
  /** The probe runs by its schedule only. */
  readonly isProbeUnasked?: boolean
  readonly hasTicketTopic?: boolean
  readonly hasLogs?: boolean
  readonly thresholds?: GuardAlarmThresholds
  readonly runbookBaseUrl?: string
}

export const REGION = 'eu-central-1'

export function watchedStack(options: WatchedOptions = {}): Template {
  const { service = 'quotes', isBare = false, probePeriod = Duration.days(1), hasLogs = true } = options
  const stack = new Stack(new App(), 'Watched')
  const code = Code.fromInline('exports.handler = async () => {}')
  const functionOf = (id: string) =>
    new LambdaFunction(stack, id, { runtime: Runtime.NODEJS_24_X, handler: 'index.handler', code })
  const probe = isBare ? undefined : functionOf('Probe')
  const shared = {
    service,
    ...(options.thresholds ? { thresholds: options.thresholds } : {}),
    ...(options.runbookBaseUrl ? { runbookBaseUrl: options.runbookBaseUrl } : {}),
    rotation: !isBare,
  }
  const alarms = new GuardAlarms(stack, 'Alarms', {
    ...shared,
    topic: new Topic(stack, 'Pages'),
    ...(options.hasTicketTopic ? { ticketTopic: new Topic(stack, 'Tickets') } : {}),
    ...(probe
      ? { functions: { probe, rotation: functionOf('Rotation'), failedEvents: new Queue(stack, 'Failed') } }
      : {}),
    ...(probe ? { probe: { period: probePeriod, ...(options.isProbeUnasked ? {} : { function: probe }) } } : {}),
  })
  const dashboard = new GuardDashboard(stack, 'Watch', { ...shared, alarms, probe: !isBare })
  if (hasLogs) {
    dashboard.addLogGroups(new LogGroup(stack, 'CallerLogs'))
    // A function that is protected later.
    dashboard.addLogGroups(new LogGroup(stack, 'ProbeLogs'))
  }
  return Template.fromStack(stack)
}

export interface AlarmResource {
  readonly name: string
  readonly isComposite: boolean
  readonly properties: Readonly<Record<string, unknown>>
}

/** Every alarm under the name of the table. */
export function alarmsIn(template: Template): Map<string, AlarmResource> {
  const kinds = ['AWS::CloudWatch::Alarm', 'AWS::CloudWatch::CompositeAlarm']
  const resources = kinds.flatMap((kind) =>
    Object.entries(template.findResources(kind)).map(([id, { Properties }]) => {
      return { name: nameOf(id), isComposite: kind.endsWith('CompositeAlarm'), properties: Properties }
    }),
  )
  return new Map(resources.map((resource) => [resource.name, resource]))
}

/** The construct's name, without that of its parent and the hash of the path. */
export function nameOf(logicalId: string): string {
  return logicalId.replace(/^Alarms/, '').replace(/[0-9A-F]{8}$/, '')
}

type Token = { readonly Ref: string } | { readonly 'Fn::GetAtt': readonly [string, string] }

/** The text of a `Fn::Join`, its tokens replaced; `strange` are those that no region, alarm or log group explains. */
export function resolved(text: unknown): { readonly text: string; readonly strange: readonly Token[] } {
  if (typeof text === 'string') return { text, strange: [] }
  const [separator, parts] = (text as { 'Fn::Join': [string, (string | Token)[]] })['Fn::Join']
  const strange: Token[] = []
  const words = parts.map((part) => {
    if (typeof part === 'string') return part
    const value = replacementOf(part)
    if (value === undefined) strange.push(part)
    return value ?? '?'
  })
  return { text: words.join(separator), strange }
}

function replacementOf(token: Token): string | undefined {
  if ('Ref' in token) {
    if (token.Ref === 'AWS::Region') return REGION
    const logs = /^(\w+Logs)[0-9A-F]{8}$/.exec(token.Ref)?.[1]
    return logs === undefined ? undefined : `/aws/lambda/${logs}`
  }
  const [id, attribute] = token['Fn::GetAtt']
  const isAlarm = attribute === 'Arn' && id.startsWith('Alarms')
  return isAlarm ? `arn:aws:cloudwatch:${REGION}:111122223333:alarm:${nameOf(id)}` : undefined
}

/** The one dashboard, as CloudWatch would get it. */
export function dashboardIn(template: Template): { readonly body: string; readonly strange: readonly Token[] } {
  const [dashboard] = Object.values(template.findResources('AWS::CloudWatch::Dashboard'))
  const { text, strange } = resolved(dashboard?.['Properties'].DashboardBody)
  return { body: text, strange }
}
