/**
 * The secret with the pins: its key, its policy, its replicas, and the grants on it.
 *
 * Two kinds. One of this stack has a key of its own, a policy that names who reads and who writes, and is retained: rotated
 * pins exist nowhere else. One that exists already keeps its key, its policy and its value; only grants are made.
 *
 * The template holds no value of the secret, so no deployment can put an old one over pins that were rotated
 * (initial-value.ts).
 */

import { Annotations, BootstraplessSynthesizer, DefaultStackSynthesizer, Fn, RemovalPolicy, Stack } from 'aws-cdk-lib'
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam'
import { type IKey, Key } from 'aws-cdk-lib/aws-kms'
import {
  type CfnResourcePolicy,
  type CfnSecret,
  type ISecret,
  type ReplicaRegion,
  Secret,
} from 'aws-cdk-lib/aws-secretsmanager'
import { Construct } from 'constructs'
import { principalArn } from './principal-arn.ts'
import { keyPolicy, secretStatements, viaSecretsManager } from './secret-policy.ts'

export interface PinSecretProps {
  /** Unset: one is made. */
  readonly existing?: ISecret | undefined
  readonly description: string
  /** Unset: one is made with the secret; an existing one keeps its own. */
  readonly encryptionKey?: IKey | undefined
  readonly replicaRegions?: readonly ReplicaRegion[] | undefined
}

/** The only version that a guard enforces. */
const CURRENT = { 'ForAnyValue:StringEquals': { 'secretsmanager:VersionStage': ['AWSCURRENT'] } }

const READ = ['secretsmanager:GetSecretValue']

const FIRST_VALUE = [
  'secretsmanager:DescribeSecret',
  'secretsmanager:PutSecretValue',
  'secretsmanager:UpdateSecretVersionStage',
]

const ROTATE = [...FIRST_VALUE, ...READ]

const WRITE = [...ROTATE, 'secretsmanager:ListSecretVersionIds']

const DECRYPT = ['kms:Decrypt']

/** Secrets Manager asks for both before it takes a new version. */
const ENCRYPT = ['kms:Decrypt', 'kms:GenerateDataKey']

export class PinSecret extends Construct {
  readonly secret: ISecret
  /** `undefined`: an existing secret whose key is not known. */
  readonly encryptionKey: IKey | undefined
  readonly isOwn: boolean
  readonly #readers = new Set<string>()
  readonly #writers = new Set<string>()

  constructor(scope: Construct, id: string, props: PinSecretProps) {
    super(scope, id)
    this.isOwn = props.existing === undefined
    this.encryptionKey = props.encryptionKey ?? (this.isOwn ? this.#ownKey(props) : props.existing?.encryptionKey)
    this.secret = props.existing ?? (this.#ownSecret(props) as ISecret)
    if (this.isOwn) this.#limit()
    else if (this.encryptionKey === undefined) this.#warnOfKey()
  }

  /** Its ARN, as policies must write it: with `-??????` at the end where only the name of the secret is known. */
  get arnForPolicies(): string {
    return this.secret.secretFullArn ?? `${this.secret.secretArn}-??????`
  }

  /** The current value, and the key to decrypt it; nothing else. */
  grantRead(grantee: IGrantable): Grant {
    if (this.isOwn) this.#readers.add(principalArn(grantee, this))
    return this.#grant(grantee, READ, DECRYPT, CURRENT)
  }

  /** Every version, to read and to write, as `pinned-fetch push`, `rotate` and `rollback` need it. */
  grantWrite(grantee: IGrantable): Grant {
    return this.#grantChange(grantee, WRITE)
  }

  /** What Secrets Manager's protocol needs. */
  grantRotate(grantee: IGrantable): Grant {
    return this.#grantChange(grantee, ROTATE)
  }

  /** What the function of initial-value.ts needs: it reads nothing. */
  grantFirstValue(grantee: IGrantable): Grant {
    return this.#grantChange(grantee, FIRST_VALUE)
  }

  #grantChange(grantee: IGrantable, actions: string[]): Grant {
    if (this.isOwn) this.#writers.add(principalArn(grantee, this))
    return this.#grant(grantee, actions, ENCRYPT)
  }

  #ownKey({ description }: PinSecretProps): Key {
    return new Key(this, 'Key', {
      description,
      enableKeyRotation: true,
      policy: keyPolicy(this),
      // Without it the retained secret could not be read.
      removalPolicy: RemovalPolicy.RETAIN,
    })
  }

  #ownSecret({ description, replicaRegions }: PinSecretProps): Secret {
    const secret = new Secret(this, 'Secret', {
      description,
      // By its ARN: a Secret that knows the key itself writes wildcards into the key's policy.
      ...(this.encryptionKey ? { encryptionKey: Key.fromKeyArn(this, 'KeyOfSecret', this.encryptionKey.keyArn) } : {}),
      ...(replicaRegions ? { replicaRegions: [...replicaRegions] } : {}),
      removalPolicy: RemovalPolicy.RETAIN,
    })
    // CDK would have a random password generated where no value is given. No value is a state of its own here.
    const resource = secret.node.defaultChild as CfnSecret
    resource.generateSecretString = undefined
    return secret
  }

  #limit(): void {
    const lists = {
      readers: () => [...this.#readers],
      writers: () => [...this.#writers],
      deployers: () => deploymentRole(Stack.of(this)),
    }
    for (const statement of secretStatements(lists)) this.secret.addToResourcePolicy(statement)
    const policy = this.secret.node.findChild('Policy').node.defaultChild as CfnResourcePolicy
    policy.blockPublicPolicy = true
    this.node.addValidation({ validate: () => this.#both().map((arn) => this.#isBoth(arn)) })
  }

  #both(): string[] {
    return [...this.#readers].filter((arn) => this.#writers.has(arn))
  }

  #isBoth(arn: string): string {
    const name = JSON.stringify(Stack.of(this).resolve(arn))
    return `${name} would read the pins of its calls and may write them. Give the calls and the writing different roles`
  }

  #grant(grantee: IGrantable, actions: string[], keyActions: string[], conditions = {}): Grant {
    const grant = Grant.addToPrincipalOrResource({
      grantee,
      actions,
      resourceArns: [this.arnForPolicies],
      resource: this.secret,
      conditions,
    })
    if (!grant.success) this.#warnOfGrant(grantee, actions)
    const { encryptionKey: key } = this
    if (key === undefined) return grant
    // Data of this secret alone, should the key serve others too. Not in the key's own policy: the secret needs the key first.
    const only = grant.resourceStatement === undefined ? this.secret.secretFullArn : undefined
    const keyGrant = Grant.addToPrincipalOrResource({
      grantee,
      actions: keyActions,
      resourceArns: [key.keyArn],
      resourceSelfArns: ['*'],
      resource: key,
      conditions: {
        StringEquals: {
          'kms:ViaService': viaSecretsManager(Stack.of(this.secret).region),
          ...(only === undefined ? {} : { 'kms:EncryptionContext:SecretARN': only }),
        },
      },
    })
    if (!keyGrant.success) this.#warnOfGrant(grantee, keyActions)
    return grant.combine(keyGrant)
  }

  #warnOfGrant(grantee: IGrantable, actions: string[]): void {
    Annotations.of(this).addWarningV2(
      'pinned-fetch:no-grant',
      `${grantee.grantPrincipal} can't be given ${actions.join(', ')} from here. Give it where it is defined`,
    )
  }

  #warnOfKey(): void {
    Annotations.of(this).addWarningV2(
      'pinned-fetch:unknown-key',
      'The key of this secret is not known here. If it is a customer-managed one, give "encryptionKey", or no function can decrypt the pins',
    )
  }
}

/** CloudFormation's role in a bootstrapped environment: `UpdateSecret` is also how a description or a key is changed. */
function deploymentRole(stack: Stack): string[] {
  if (stack.nestedStackParent) return deploymentRole(stack.nestedStackParent)
  const { synthesizer } = stack
  const isBootstrapped =
    synthesizer instanceof DefaultStackSynthesizer && !(synthesizer instanceof BootstraplessSynthesizer)
  return isBootstrapped ? [Fn.sub(synthesizer.cloudFormationExecutionRoleArn)] : []
}
