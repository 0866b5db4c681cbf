/**
 * Who may do what with the secret and its key, whatever IAM says elsewhere in the account: the two resource policies.
 *
 * They deny. What they leave open is still to be allowed by a role's own policy. Managing the secret (its policy, its tags,
 * its deletion) is not denied to anybody, so that nobody can be locked out for good.
 */

import { Lazy, Stack } from 'aws-cdk-lib'
import { AccountRootPrincipal, AnyPrincipal, Effect, PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam'
import type { Construct } from 'constructs'

const READ = 'secretsmanager:GetSecretValue'

/** Moves AWSCURRENT. */
const WRITE = ['secretsmanager:PutSecretValue', 'secretsmanager:UpdateSecretVersionStage']

/** Does so as well, but is also how a description or a key is changed. */
const UPDATE = ['secretsmanager:UpdateSecret']

export interface Lists {
  /** ARNs of all who read and must not write. Asked at synthesis. */
  readonly readers: () => string[]
  /** ARNs of all who write; they may read, to see what they change. */
  readonly writers: () => string[]
  /** ARNs of all who may besides update the secret, for its own properties, and do nothing else of these. */
  readonly deployers: () => string[]
}

/** The statements of the secret's policy. */
export function secretStatements({ readers, writers, deployers }: Lists): PolicyStatement[] {
  const all = () => [...new Set([...readers(), ...writers()])]
  const updaters = () => [...new Set([...writers(), ...deployers()])]
  const unlisted = (produce: () => string[]) => ({ ArnNotEquals: { 'aws:PrincipalArn': Lazy.list({ produce }) } })
  return [
    deny('OnlyOverTls', ['secretsmanager:*'], { Bool: { 'aws:SecureTransport': 'false' } }),
    deny('OnlyListedRead', [READ], unlisted(all)),
    deny('OnlyListedWrite', WRITE, unlisted(writers)),
    deny('OnlyListedUpdate', UPDATE, unlisted(updaters)),
  ]
}

function deny(sid: string, actions: string[], conditions: Record<string, Record<string, unknown>>): PolicyStatement {
  // In a resource policy of Secrets Manager "*" is the secret that it hangs on.
  return new PolicyStatement({
    sid,
    effect: Effect.DENY,
    principals: [new AnyPrincipal()],
    actions,
    resources: ['*'],
    conditions,
  })
}

/** As in the guide's key policy for administrators, without its wildcards. None of these reads or writes data. */
const ADMINISTRATION = [
  'kms:CancelKeyDeletion',
  'kms:CreateAlias',
  'kms:DeleteAlias',
  'kms:DescribeKey',
  'kms:DisableKey',
  'kms:DisableKeyRotation',
  'kms:EnableKey',
  'kms:EnableKeyRotation',
  'kms:GetKeyPolicy',
  'kms:GetKeyRotationStatus',
  'kms:ListGrants',
  'kms:ListKeyPolicies',
  'kms:ListKeyRotations',
  'kms:ListResourceTags',
  'kms:PutKeyPolicy',
  'kms:RevokeGrant',
  'kms:RotateKeyOnDemand',
  'kms:ScheduleKeyDeletion',
  'kms:TagResource',
  'kms:UntagResource',
  'kms:UpdateAlias',
  'kms:UpdateKeyDescription',
]

/** As in the policy of `aws/secretsmanager`, the key that Secrets Manager would take by itself. */
const USE = ['kms:CreateGrant', 'kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey']

/** The policy of the key: IAM of this account may leave to manage it, and to use it through Secrets Manager alone. */
export function keyPolicy(scope: Construct): PolicyDocument {
  const { region, account } = Stack.of(scope)
  const account_ = [new AccountRootPrincipal()]
  return new PolicyDocument({
    statements: [
      new PolicyStatement({ sid: 'Manage', principals: account_, actions: ADMINISTRATION, resources: ['*'] }),
      new PolicyStatement({
        sid: 'UseThroughSecretsManager',
        principals: account_,
        actions: USE,
        resources: ['*'],
        conditions: {
          StringEquals: { 'kms:ViaService': viaSecretsManager(region), 'kms:CallerAccount': account },
        },
      }),
    ],
  })
}

export function viaSecretsManager(region: string): string {
  return `secretsmanager.${region}.amazonaws.com`
}
