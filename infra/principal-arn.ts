/**
 * The ARN under which a grantee appears in `aws:PrincipalArn`, for the lists of the secret's policy.
 */

import { Arn, ArnFormat, Aws, Stack, Token } from 'aws-cdk-lib'
import { type CfnRole, type IGrantable, Role } from 'aws-cdk-lib/aws-iam'
import type { Construct } from 'constructs'

/**
 * @param scope whose stack will hold the ARN
 * @throws {Error} when the grantee is no single role or user, or a role that can't be named from here
 */
export function principalArn({ grantPrincipal }: IGrantable, scope: Construct): string {
  if (grantPrincipal instanceof Role && Stack.of(grantPrincipal) !== Stack.of(scope))
    return arnByName(grantPrincipal, scope)
  const named: unknown = grantPrincipal.policyFragment.principalJson['AWS']
  const [arn, ...others] = [named].flat()
  const shown = JSON.stringify(Stack.of(scope).resolve(arn))
  if (typeof arn === 'string' && others.length === 0 && !/[*?]|:sts:|:root"|"\d+"/.test(shown)) return arn
  throw new Error(
    `${scope.node.path}: cannot list ${grantPrincipal} in the policy of the secret, which names single roles. ` +
      'Give a role (or a user), not an account, a service or everybody',
  )
}

/**
 * A role of another stack, whose own policy refers to this one: by its ARN each of the two stacks would need the other
 * first. A name that is fixed needs neither.
 */
function arnByName(role: Role, scope: Construct): string {
  const { roleName, path = '/' } = role.node.defaultChild as CfnRole
  if (roleName === undefined || Token.isUnresolved(roleName)) {
    throw new Error(
      `${scope.node.path}: cannot list ${role.node.path} in the policy of the secret: it is in another stack, and the two ` +
        'stacks would need each other. Give that role a "roleName", or make this guard in the stack of the role',
    )
  }
  const { account } = Stack.of(role)
  return Arn.format({
    partition: Aws.PARTITION,
    service: 'iam',
    region: '',
    account,
    resource: 'role',
    resourceName: `${path.slice(1)}${roleName}`,
    arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
  })
}
