/**
 * The watch over the pins: a function that asks every host of the policy for its key, on a schedule, and tells by metrics
 * what a call would meet. It may read the current pins and nothing else.
 */

import { Duration, Token } from 'aws-cdk-lib'
import { Rule, Schedule } from 'aws-cdk-lib/aws-events'
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import type { ILogGroup } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { canonicalHost } from '../lib/policy/host.ts'
import { GuardFunction, type GuardFunctionSettings } from './guard-function.ts'
import type { PinSecret } from './pin-secret.ts'

export interface ProbeProps {
  readonly pins: PinSecret
  readonly every: Duration
  /** `host` or `host:port`, for what wildcards of the policy cover. */
  readonly hosts: readonly string[]
  readonly settings: GuardFunctionSettings
}

/** Every host in turn, some of which answer slowly. */
const TIMEOUT = Duration.minutes(5)

/** Tries of the event bus to reach Lambda; what still fails goes to the queue. */
const DELIVERIES = 3

const EVENT_AGE_MAX = Duration.hours(1)

const PORT_MAX = 65_535

export class Probe extends Construct {
  readonly function: IFunction
  readonly logGroup: ILogGroup

  constructor(scope: Construct, id: string, { pins, every, hosts, settings }: ProbeProps) {
    super(scope, id)
    const probe = new GuardFunction(this, 'Prober', {
      code: 'probe',
      description: 'Asks the hosts of the policy for their keys, and tells what a call would meet',
      timeout: TIMEOUT,
      environment: probeHosts(hosts),
      settings,
    })
    pins.grantRead(probe.role)
    this.function = probe.function
    this.logGroup = probe.logGroup
    new Rule(this, 'Schedule', {
      description: 'Runs the probe of the pins',
      schedule: Schedule.rate(every),
      targets: [
        new LambdaFunction(probe.function, {
          deadLetterQueue: settings.failedEvents,
          retryAttempts: DELIVERIES,
          maxEventAge: EVENT_AGE_MAX,
        }),
      ],
    })
  }
}

/** The variable in which probe and rotation function find hosts below wildcards. */
export function probeHosts(hosts: readonly string[]): Record<string, string> {
  // The rotation function ends at its start over one that is none, and nobody would hear of it.
  for (const host of hosts) {
    if (Token.isUnresolved(host) || isPlace(host)) continue
    throw new Error(`"probeHosts" holds ${JSON.stringify(host)}, which is no host: write "host" or "host:port"`)
  }
  return hosts.length === 0 ? {} : { PINNED_FETCH_PROBE_HOSTS: JSON.stringify(hosts) }
}

/** As the functions read it; they would ask for the host of a wildcard by that name. */
function isPlace(place: string): boolean {
  const [, name = place, port = '443'] = /^(\[.*\]|[^:]*):(\d+)$/.exec(place) ?? []
  const isPort = Number(port) >= 1 && Number(port) <= PORT_MAX
  return isPort && canonicalHost(name) !== undefined && !name.includes('*')
}
