/**
 * The deployed system as the story sees it: its functions invoked, its secret read, its metrics and alarms looked at.
 */

import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  RotateSecretCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager'
import type { CallResult } from '../../functions/partner-call.ts'
import { METRIC_DIMENSIONS, METRIC_NAMESPACE, type MetricName } from '../../lib/events.ts'
import { AwsApi, type Credentials, type Place } from './aws-api.ts'
import { expect, until } from './protocol.ts'

/** What test/deploy/app.ts gives as outputs of its stack. */
export interface Outputs {
  readonly FunctionName: string
  readonly ProbeName: string
  readonly RotationName: string
  readonly SecretArn: string
  readonly KeyArn: string
  readonly OperatorArn: string
  readonly TopicArn: string
  /** Of the example's function. */
  readonly LogGroupName: string
  /** All that stay when the stack goes, with commas between. */
  readonly LogGroupNames: string
  readonly Service: string
  readonly PinFailureAlarm: string
  readonly CallsRefusedAlarm: string
  readonly SomebodyInTheMiddleAlarm: string
  readonly ProbeRefusedAlarm: string
}

export interface AlarmSeen {
  readonly StateValue: string
  readonly AlarmDescription: string
  readonly AlarmActions: readonly string[]
}

/** Metrics of the last this many minutes are added up. */
const LOOK_BACK_MINUTES = 30

export class Deployed {
  readonly outputs: Outputs
  readonly api: AwsApi
  readonly #place: Place

  constructor(outputs: Outputs, place: Place, credentials: Credentials) {
    this.outputs = outputs
    this.#place = place
    this.api = new AwsApi(place, credentials)
  }

  /** Of a role, once IAM knows it. */
  operatorCredentials(limitMs: number): Promise<Credentials> {
    return until('the role of the operator', limitMs, () => this.api.assumeRole(this.outputs.OperatorArn))
  }

  secrets(credentials: Credentials): SecretsManagerClient {
    const { region, endpoint } = this.#place
    return new SecretsManagerClient({ region, credentials, ...(endpoint === undefined ? {} : { endpoint }) })
  }

  async invoke(name: string, event: object): Promise<{ readonly failed: boolean; readonly text: string }> {
    const path = `/2015-03-31/functions/${encodeURIComponent(name)}/invocations`
    const reply = await this.api.send({ service: 'lambda', path, body: JSON.stringify(event) })
    if (reply.status !== 200) throw new Error(`Invoke ${name}: HTTP ${reply.status} ${reply.text}`)
    return { failed: reply.headers.has('x-amz-function-error'), text: reply.text }
  }

  /** One call of the example to its partner. */
  async call(): Promise<CallResult> {
    const { failed, text } = await this.invoke(this.outputs.FunctionName, {})
    expect(!failed, 'an answer of the function', text)
    const [result] = (JSON.parse(text) as { readonly results: readonly CallResult[] }).results
    expect(result !== undefined, 'one result', text)
    return result
  }

  async functionExists(name: string): Promise<boolean> {
    const path = `/2015-03-31/functions/${encodeURIComponent(name)}`
    return (await this.api.send({ service: 'lambda', method: 'GET', path })).status === 200
  }

  /** The sum of a metric of the whole service; `undefined`: there is none. */
  async metric(name: MetricName): Promise<number | undefined> {
    const now = Math.floor(Date.now() / 1000)
    const { Datapoints } = await this.api.json('monitoring', 'GetMetricStatistics', {
      Namespace: METRIC_NAMESPACE,
      MetricName: name,
      Dimensions: [{ Name: METRIC_DIMENSIONS.service, Value: this.outputs.Service }],
      Period: 60,
      Statistics: ['Sum'],
      StartTime: now - LOOK_BACK_MINUTES * 60,
      EndTime: now + 60,
    })
    const points = (Datapoints ?? []) as readonly { readonly Sum: number }[]
    return points.length === 0 ? undefined : points.reduce((sum, { Sum }) => sum + Sum, 0)
  }

  /** `undefined`: there is no such alarm. */
  async alarm(name: string): Promise<AlarmSeen | undefined> {
    const AlarmTypes = ['MetricAlarm', 'CompositeAlarm']
    const reply = await this.api.json('monitoring', 'DescribeAlarms', { AlarmNames: [name], AlarmTypes })
    return [reply['MetricAlarms'], reply['CompositeAlarms']].flatMap((list) => (list ?? []) as AlarmSeen[])[0]
  }

  /** What an alarm has done, in CloudWatch's words, and what it could not do. */
  async alarmActions(name: string): Promise<readonly string[]> {
    const input = { AlarmName: name, AlarmTypes: ['MetricAlarm', 'CompositeAlarm'], HistoryItemType: 'Action' }
    const { AlarmHistoryItems } = await this.api.json('monitoring', 'DescribeAlarmHistory', input)
    const items = (AlarmHistoryItems ?? []) as readonly { readonly HistorySummary: string }[]
    return items.map(({ HistorySummary }) => HistorySummary)
  }

  /** Lines of the example's log that hold a text. */
  async logLines(text: string): Promise<readonly string[]> {
    const { events } = await this.api.json('logs', 'FilterLogEvents', { logGroupName: this.outputs.LogGroupName })
    return ((events ?? []) as readonly { readonly message: string }[])
      .map(({ message }) => message)
      .filter((message) => message.includes(text))
  }
}

/** The pins as whoever has these credentials finds them. */
export class SecretSeen {
  readonly #client: SecretsManagerClient
  readonly #arn: string

  constructor(client: SecretsManagerClient, arn: string) {
    this.#client = client
    this.#arn = arn
  }

  async current(): Promise<{ readonly version: string; readonly text: string }> {
    const input = { SecretId: this.#arn, VersionStage: 'AWSCURRENT' }
    const { VersionId = '', SecretString = '' } = await this.#client.send(new GetSecretValueCommand(input))
    return { version: VersionId, text: SecretString }
  }

  async currentVersion(): Promise<string | undefined> {
    const { VersionIdsToStages = {} } = await this.#client.send(new DescribeSecretCommand({ SecretId: this.#arn }))
    return Object.entries(VersionIdsToStages).find(([, stages]) => stages.includes('AWSCURRENT'))?.[0]
  }

  async describe() {
    return await this.#client.send(new DescribeSecretCommand({ SecretId: this.#arn }))
  }

  async rotate(): Promise<string> {
    const { VersionId = '' } = await this.#client.send(new RotateSecretCommand({ SecretId: this.#arn }))
    return VersionId
  }
}
