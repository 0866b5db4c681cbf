/**
 * What Secrets Manager asks of a rotation function: one of four steps, for one secret and one token, which is the id of
 * the version that the rotation makes. (User guide: "Lambda rotation functions".)
 */

const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const

export type RotationStep = (typeof STEPS)[number]

export interface RotationRequest {
  readonly step: RotationStep
  readonly secretId: string
  readonly token: string
}

/** @throws {TypeError} when it is none: something else has called */
export function parseRequest(event: unknown): RotationRequest {
  const { Step, SecretId, ClientRequestToken } = (event ?? {}) as Readonly<Record<string, unknown>>
  const step = STEPS.find((name) => name === Step)
  if (step === undefined || !isText(SecretId) || !isText(ClientRequestToken)) {
    throw new TypeError(
      `This is no rotation: "Step" is one of ${STEPS.join(', ')}, with "SecretId" and "ClientRequestToken"`,
    )
  }
  return { step, secretId: SecretId, token: ClientRequestToken }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
