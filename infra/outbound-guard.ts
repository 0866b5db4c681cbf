/**
 * The deployed system in one construct: the secret with the pins, who may read and write it, the watch over the pins, and
 * the alarms.
 *
 *     new OutboundGuard(this, 'Guard', { policy: 'pins.json' }).protect(fn)
 *
 * By the design guidelines of the AWS CDK: props are flat, each says its default, and what was made is public.
 */

import { Annotations, type CfnResource, Duration, Stack, Validations } from 'aws-cdk-lib'
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import {
  Alias,
  type CfnFunction,
  type IFunction,
  Function as LambdaFunction,
  LayerVersion,
  Runtime,
  Version,
} from 'aws-cdk-lib/aws-lambda'
import { type ILogGroup, LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import { Construct, type IConstruct } from 'constructs'
import type { Policy } from '../lib/policy/document.ts'
import { GuardAlarms } from './alarms.ts'
import { GuardDashboard } from './dashboard.ts'
import { failedEventsQueue } from './failed-events.ts'
import { codeOf } from './function-code.ts'
import type { GuardFunctionSettings } from './guard-function.ts'
import type { OutboundGuardProps, ProtectOptions } from './guard-props.ts'
import { InitialValue } from './initial-value.ts'
import { GuardMetrics } from './metric-methods.ts'
import { Lockdown, warnOfPorts } from './network.ts'
import { PinSecret } from './pin-secret.ts'
import { annotateFindings, checkVerifyKeys, readPolicyInput } from './policy-input.ts'
import { Probe } from './probe.ts'
import { lockDown, preload, setEnvironment, warnOfRole } from './protection.ts'
import { Rotation } from './rotation.ts'

export class OutboundGuard extends GuardMetrics {
  readonly service: string
  readonly secret: ISecret
  /** Unset: an existing secret whose key is not known here. */
  readonly encryptionKey: IKey | undefined
  readonly alarms: GuardAlarms
  readonly dashboard: GuardDashboard
  /** Asks the hosts of the policy. Invoke it to have them asked now. */
  readonly probe: IFunction
  /** Unset: there is no `rotationSchedule`. */
  readonly rotation: IFunction | undefined
  /** Events that one of the guard's own functions failed on. */
  readonly failedEvents: IQueue
  /** The security group of the lockdown; unset: there is no `vpc`. */
  readonly lockdown: Lockdown | undefined
  readonly #pins: PinSecret
  readonly #first: InitialValue | undefined
  readonly #environment: Readonly<Record<string, string>>
  readonly #protected = new Set<IFunction>()
  #layer: LayerVersion | undefined

  /** @throws {PinnedFetchError} for a policy that no guard would take, with the place in it and the repair */
  constructor(scope: Construct, id: string, props: OutboundGuardProps) {
    super(scope, id)
    const { policy: given, verifyKeys = [], writers = [], readers = [], probeSchedule = Duration.days(1) } = props
    checkVerifyKeys(verifyKeys)
    const input = isSecret(given) ? undefined : readPolicyInput(given, verifyKeys.length > 0)
    if (input) annotateFindings(this, input.policy)
    this.service = props.service ?? Stack.of(this).stackName
    this.#checkService()

    this.#pins = this.#makeSecret(props)
    this.secret = this.#pins.secret
    this.encryptionKey = this.#pins.encryptionKey
    for (const reader of readers) this.grantRead(reader)
    for (const writer of writers) this.grantWrite(writer)
    if (this.#pins.isOwn && writers.length === 0) Annotations.of(this).addInfoV2(NO_WRITERS, NO_WRITERS_ADVICE)

    this.failedEvents = failedEventsQueue(this, 'FailedEvents')
    this.lockdown = this.#makeLockdown(props, input?.policy)
    this.#environment = {
      PINNED_FETCH_SECRET_ID: this.secret.secretFullArn ?? this.secret.secretArn,
      POWERTOOLS_SERVICE_NAME: this.service,
      ...(verifyKeys.length === 0 ? {} : { PINNED_FETCH_VERIFY_KEYS: verifyKeys.map((key) => key.trim()).join('\n') }),
    }
    const outside = this.#functionSettings(props)
    const settings = { ...outside, network: this.#network(props) }
    const pins = this.#pins
    const first = input && new InitialValue(this, 'InitialValue', { pins, text: input.text, settings: outside })
    this.#first = first
    const probe = new Probe(this, 'Probe', { pins, every: probeSchedule, hosts: props.probeHosts ?? [], settings })
    const rotation = this.#makeRotation(props, settings)
    // Secrets Manager tries a rotation function out as soon as it has a schedule.
    if (first) rotation?.schedule.node.addDependency(first.resource)
    this.probe = probe.function
    this.rotation = rotation?.function

    this.alarms = this.#makeAlarms(props, probeSchedule)
    this.dashboard = this.#makeDashboard(props)
    this.dashboard.addLogGroups(...[probe, rotation].flatMap((one) => one?.logGroup ?? []))
  }

  /**
   * Gives a function the pins: where they are, the right to read them, and with the name of the service the alarms.
   *
   * The function then calls `pinnedFetch()` without naming a secret, or is preloaded.
   *
   * @throws {Error} when it has another guard, or something of its own that this would replace; the message is the repair
   */
  protect(given: IFunction, options: ProtectOptions = {}): this {
    // What a version or an alias runs with is set on its function.
    const fn = given instanceof Alias || given instanceof Version ? given.lambda : given
    setEnvironment(fn, this.#environment)
    if (options.preload) preload(fn, () => this.#preloadLayer())
    if (options.lockdown) lockDown(fn, this.#lockdownGroup(fn))
    if (this.#protected.has(fn)) return this
    this.#protected.add(fn)
    if (fn.role) this.grantRead(fn)
    else warnOfRole(fn)
    this.#waitFor(fn)
    const logGroup = logGroupOf(fn, this, `LogsOf${this.#protected.size}`)
    if (logGroup && this.#protected.size <= LOGS_ON_DASHBOARD) this.dashboard.addLogGroups(logGroup)
    return this
  }

  /** Lets somebody read the current pins: `GetSecretValue` of `AWSCURRENT` on this secret, and `Decrypt` with this key. */
  grantRead(grantee: IGrantable): Grant {
    return this.#pins.grantRead(grantee)
  }

  /** Lets somebody change the pins, as `pinned-fetch push`, `rotate` and `rollback` do. Never one who reads them for calls. */
  grantWrite(grantee: IGrantable): Grant {
    Annotations.of(this).acknowledgeInfo(NO_WRITERS)
    return this.#pins.grantWrite(grantee)
  }

  /** Or each would ring for the other's calls, and neither would say whose they were. */
  #checkService(): void {
    const stack = Stack.of(this)
    const isSame = (one: IConstruct) =>
      one instanceof OutboundGuard && one !== this && Stack.of(one) === stack && one.service === this.service
    const other = stack.node.findAll().find(isSame)
    if (other === undefined) return
    throw new Error(
      `${this.node.path}: cannot watch the service "${this.service}", ${other.node.path} does: give one of the two a "service"`,
    )
  }

  #makeSecret({ policy, encryptionKey, replicaRegions }: OutboundGuardProps): PinSecret {
    const existing = isSecret(policy) ? policy : undefined
    if (existing && replicaRegions) {
      throw new Error(
        `${this.node.path}: cannot give an existing secret "replicaRegions": give them where it is defined`,
      )
    }
    return new PinSecret(this, 'Pins', {
      existing,
      description: `Pins of ${this.service}: which keys its partners may show`,
      encryptionKey,
      replicaRegions,
    })
  }

  #makeLockdown({ vpc }: OutboundGuardProps, policy: Policy | undefined): Lockdown | undefined {
    if (vpc === undefined) return undefined
    if (policy) warnOfPorts(this, policy)
    return new Lockdown(this, 'Lockdown', { vpc })
  }

  #functionSettings(props: OutboundGuardProps): GuardFunctionSettings {
    return {
      environment: this.#environment,
      failedEvents: this.failedEvents,
      logRetention: props.logRetention ?? RetentionDays.THREE_MONTHS,
      tracing: props.tracing ?? false,
      reservedConcurrency: props.reservedConcurrency ?? true,
    }
  }

  #network({ vpc, vpcSubnets, probeInVpc = false }: OutboundGuardProps): GuardFunctionSettings['network'] {
    if (!probeInVpc) return undefined
    if (!vpc || !this.lockdown) throw new Error(`${this.node.path}: "probeInVpc" needs "vpc"`)
    return { vpc, subnets: vpcSubnets, securityGroup: this.lockdown.securityGroup }
  }

  #makeRotation(props: OutboundGuardProps, settings: GuardFunctionSettings): Rotation | undefined {
    const { rotationSchedule: schedule, approval = 'required', probeHosts: hosts = [] } = props
    if (schedule === undefined) {
      Validations.of(this.secret).acknowledge({ id: 'AwsSolutions-SMG4', reason: NO_SCHEDULE_REASON })
      return undefined
    }
    return new Rotation(this, 'Rotation', { pins: this.#pins, schedule, approval, hosts, settings })
  }

  #makeAlarms(props: OutboundGuardProps, period: Duration): GuardAlarms {
    const { alarmTopic, ticketTopic, thresholds, runbookBaseUrl } = props
    return new GuardAlarms(this, 'Alarms', {
      service: this.service,
      probe: { period, function: this.probe },
      rotation: this.rotation !== undefined,
      functions: { probe: this.probe, rotation: this.rotation, failedEvents: this.failedEvents },
      ...(alarmTopic && { topic: alarmTopic }),
      ...(ticketTopic && { ticketTopic }),
      ...(thresholds && { thresholds }),
      ...(runbookBaseUrl !== undefined && { runbookBaseUrl }),
    })
  }

  #makeDashboard({ thresholds, runbookBaseUrl }: OutboundGuardProps): GuardDashboard {
    return new GuardDashboard(this, 'Dashboard', {
      service: this.service,
      alarms: this.alarms,
      probe: true,
      rotation: this.rotation !== undefined,
      ...(thresholds && { thresholds }),
      ...(runbookBaseUrl !== undefined && { runbookBaseUrl }),
    })
  }

  /** Or its first calls would be refused: the secret would hold nothing yet, or its policy would not list the role. */
  #waitFor(fn: IFunction): void {
    if (!(fn instanceof LambdaFunction) || Stack.of(fn) !== Stack.of(this)) return
    const resource = fn.node.defaultChild as CfnFunction
    const policy = this.#pins.isOwn ? this.secret.node.findChild('Policy') : undefined
    for (const first of [policy, this.#first?.resource]) {
      if (first) resource.addResourceDependency(first.node.defaultChild as CfnResource)
    }
  }

  #preloadLayer(): LayerVersion {
    this.#layer ??= new LayerVersion(this, 'Preload', {
      description: 'pinned-fetch/register: the guard, loaded before the code of a function',
      code: codeOf('preload'),
      compatibleRuntimes: [Runtime.NODEJS_22_X, Runtime.NODEJS_24_X],
    })
    return this.#layer
  }

  #lockdownGroup(fn: IFunction) {
    if (this.lockdown) return this.lockdown.securityGroup
    throw new Error(`${this.node.path}: cannot lock ${fn.node.path} down: give the guard the "vpc" of the function`)
  }
}

const NO_WRITERS = 'pinned-fetch:no-writers'

const NO_WRITERS_ADVICE =
  'Nobody but CloudFormation can change the pins. Name the role that runs "pinned-fetch push" in "writers", before it is needed'

const NO_SCHEDULE_REASON =
  'Pins are public keys of somebody else, who decides when they change: pinned-fetch rotate follows. rotationSchedule adds a schedule'

/** A query of CloudWatch Logs reads 50 groups; some are the guard's own. */
const LOGS_ON_DASHBOARD = 45

function isSecret(policy: OutboundGuardProps['policy']): policy is ISecret {
  return typeof policy === 'object' && Construct.isConstruct(policy)
}

/**
 * The log group of a function, without making one: `fn.logGroup` would deploy a function to manage it. None of another
 * stack, which would then be needed first and needs this one first.
 */
function logGroupOf(fn: IFunction, scope: Construct, id: string): ILogGroup | undefined {
  if (!(fn instanceof LambdaFunction) || Stack.of(fn) !== Stack.of(scope)) return undefined
  const { loggingConfig } = fn.node.defaultChild as CfnFunction
  const configured: unknown = Stack.of(fn).resolve(loggingConfig)
  const name = (configured as { logGroup?: unknown } | undefined)?.logGroup
  const given = (loggingConfig as { logGroup?: string } | undefined)?.logGroup
  return LogGroup.fromLogGroupName(scope, id, name !== undefined && given ? given : `/aws/lambda/${fn.functionName}`)
}
