/**
 * The lockdown: a security group that lets a function call out over HTTPS and over nothing else, and lets nobody in.
 *
 * It knows ports, not names: which host may be called is said by the policy. DNS to the VPC's own resolver is not subject
 * to security groups.
 */

import { Annotations } from 'aws-cdk-lib'
import { type IVpc, Peer, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2'
import { Construct } from 'constructs'
import type { Policy } from '../lib/policy/document.ts'

/** The only port that is open outwards. */
export const LOCKDOWN_PORT = 443

export class Lockdown extends Construct {
  readonly securityGroup: SecurityGroup

  constructor(scope: Construct, id: string, { vpc }: { readonly vpc: IVpc }) {
    super(scope, id)
    this.securityGroup = new SecurityGroup(this, 'Group', {
      vpc,
      description: 'pinned-fetch: HTTPS outwards, nothing else',
      allowAllOutbound: false,
    })
    for (const peer of [Peer.anyIpv4(), Peer.anyIpv6()]) {
      this.securityGroup.addEgressRule(peer, Port.tcp(LOCKDOWN_PORT), 'HTTPS')
    }
  }
}

/** Hosts on other ports are in the policy, and can't be reached from the lockdown. */
export function warnOfPorts(scope: Construct, { hosts }: Policy): void {
  const closed = [...hosts.entries()].filter(({ pattern: { port } }) => port !== undefined && port !== LOCKDOWN_PORT)
  if (closed.length === 0) return
  const names = closed.map(({ pattern }) => pattern.text).join(', ')
  Annotations.of(scope).addWarningV2(
    'pinned-fetch:closed-port',
    `The lockdown lets no call out to ${names}: it opens port ${LOCKDOWN_PORT} alone. Open another with "lockdown.securityGroup.addEgressRule"`,
  )
}
