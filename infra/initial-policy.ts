/**
 * The document that a new secret starts with: valid, and nothing gets through it. It names a host that can't exist
 * (RFC 2606) with a pin that no key has, and denies all others.
 *
 * Never edit it. CloudFormation leaves a secret's value alone as long as the template says the same as at the last
 * deployment; any edit here would put the placeholder over the pins of every deployed stack. For the same reason it
 * doesn't depend on the stack's settings. Pins change in Secrets Manager (`aws secretsmanager put-secret-value`).
 */
export const INITIAL_POLICY = JSON.stringify({
  version: 1,
  default: 'deny',
  hosts: {
    'api.partner.example': {
      pins: [{ sha256: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=', name: 'placeholder: replace with real pins' }],
    },
  },
})
