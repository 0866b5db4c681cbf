/**
 * The closed set of failures: one class, one table from code to evidence, one message per code.
 *
 * The message is the repair: what went wrong, what was presented, what was expected, what to do next. Evidence never
 * holds a header, a body, a query string or a secret; it is safe to log.
 *
 * Not here: Node's own TLS errors. Where Node refuses a certificate (expired, untrusted, wrong name) its error passes
 * through untouched.
 */

/** One key of a path, as a person compares it. */
export interface PresentedKey {
  /** `sha256/<base64>`, ready to paste into a policy. */
  readonly pin: string
  readonly subject: string
  readonly role: 'leaf' | 'intermediate' | 'anchor'
  /** End of the certificate's validity, ISO 8601. */
  readonly notAfter: string
}

/** Where a call was going, and which policy entry covers that place (none: no entry does). */
export interface Target {
  readonly host: string
  readonly port: number
  readonly pattern?: string
  /** The version that the source gave to the policy in use, if it gave one. */
  readonly policyVersion?: string
}

/** The evidence that comes with each code. Adding a code breaks the build wherever it was forgotten. */
export interface FailureEvidence {
  /** The path is verified; no key of it is pinned. */
  ERR_PIN_MISMATCH: Target & { readonly presented: readonly PresentedKey[]; readonly expected: readonly string[] }
  /** Every verified path holds a key of the policy's `deny` list. */
  ERR_KEY_DENIED: Target & { readonly presented: readonly PresentedKey[]; readonly denied: readonly string[] }
  /** No path from the peer's certificates to a trust anchor survives verification (RFC 5280 section 6.1). */
  ERR_PATH_NOT_VERIFIED: Target & { readonly presented: readonly PresentedKey[]; readonly reason: string }
  /** No policy entry covers the host, and the policy's default refuses such hosts. */
  ERR_HOST_NOT_COVERED: Target & { readonly protocol: string }
  /** `http:` to a host that an entry covers. */
  ERR_PLAINTEXT_REFUSED: Target
  /** A key of the path is pinned, but every pin that matches it has expired. */
  ERR_PINS_EXPIRED: Target & { readonly presented: readonly PresentedKey[]; readonly expired: readonly string[] }
  /** The proxy can't be reached, or makes no tunnel to the host. `proxy` is its URL without credentials. */
  ERR_PROXY_FAILED: Target & { readonly proxy: string; readonly reason: string }
  /** No policy has been loaded yet and the source does not give one. */
  ERR_POLICY_UNAVAILABLE: { readonly source: string; readonly problem: string; readonly repair: string }
  /** The document is not a policy. `path` points into it: `hosts["api.partner.example"].pins[1]`. */
  ERR_POLICY_MALFORMED: {
    readonly path: string
    readonly problem: string
    readonly repair: string
    readonly source?: string
  }
  /** The source has failed for longer than `maxStale`. */
  ERR_POLICY_STALE: { readonly source: string; readonly ageSeconds: number; readonly maxStaleSeconds: number }
  /** The document's `serial` is lower than the last accepted one, or gone. */
  ERR_POLICY_ROLLED_BACK: { readonly source: string; readonly serial?: number; readonly lastSerial: number }
  /** The policy's signature does not verify. */
  ERR_POLICY_SIGNATURE: { readonly source: string; readonly problem: string }
  /** An option is unknown, of the wrong type, or contradicts another. */
  ERR_CONFIGURATION: { readonly option: string; readonly problem: string; readonly repair: string }
}

export type FailureCode = keyof FailureEvidence

/** A failure with its code narrowed by the evidence, for `switch (error.code)`. */
export type PinnedFetchFailure = { [Code in FailureCode]: PinnedFetchError<Code> }[FailureCode]

/** Survives two copies of the package in one process, where `instanceof` does not. */
const BRAND = Symbol.for('pinned-fetch.error')

/**
 * The one error of this package.
 *
 * `code` names the failure, `evidence` carries what was seen. No code is one that undici's `RetryHandler` retries.
 */
export class PinnedFetchError<Code extends FailureCode = FailureCode> extends Error {
  override readonly name = 'PinnedFetchError'
  readonly code: Code
  readonly evidence: Readonly<FailureEvidence[Code]>

  constructor(code: Code, evidence: FailureEvidence[Code], options?: ErrorOptions) {
    super(MESSAGES[code](evidence), options)
    this.code = code
    this.evidence = Object.freeze({ ...evidence }) as Readonly<FailureEvidence[Code]>
    Object.defineProperty(this, BRAND, { value: true })
  }
}

/** Causes followed before we call it a loop. */
const MAX_CAUSES = 16

/**
 * Finds the `PinnedFetchError` in an error or in its chain of causes: `fetch` rejects with `TypeError: fetch failed`
 * and keeps ours as the cause.
 */
export function findPinnedFetchError(error: unknown): PinnedFetchFailure | undefined {
  let candidate = error
  for (let depth = 0; depth < MAX_CAUSES && typeof candidate === 'object' && candidate !== null; depth++) {
    if (BRAND in candidate) return candidate as unknown as PinnedFetchFailure
    candidate = (candidate as { cause?: unknown }).cause
  }
  return undefined
}

/** Whether an error is ours, or was caused by ours. Use {@link findPinnedFetchError} to read the evidence. */
export function isPinnedFetchError(error: unknown): boolean {
  return findPinnedFetchError(error) !== undefined
}

const MESSAGES: { readonly [Code in FailureCode]: (evidence: FailureEvidence[Code]) => string } = {
  ERR_PIN_MISMATCH: (evidence) =>
    lines(
      `Cannot connect to "${place(evidence)}": no key of its verified path is pinned`,
      ...presentedLines(evidence.presented),
      ...evidence.expected.map((pin) => `  expected   ${pin}  ${policyName(evidence)}`),
      '  hint       if the owner of this host announced the presented key, add its pin to the policy; if nobody did, treat this as an interception',
    ),
  ERR_KEY_DENIED: (evidence) =>
    lines(
      `Cannot connect to "${place(evidence)}": its path holds a key that the policy denies`,
      ...presentedLines(evidence.presented),
      ...evidence.denied.map((pin) => `  denied     ${pin}  ${policyName(evidence)}`),
      '  hint       the key was put on the deny list on purpose: ask the owner of this host to replace it',
    ),
  ERR_PATH_NOT_VERIFIED: (evidence) =>
    lines(
      `Cannot connect to "${place(evidence)}": no path from its certificate to a trust anchor could be verified`,
      ...presentedLines(evidence.presented),
      `  reason     ${evidence.reason}`,
      '  hint       check that the server sends its intermediate certificates, and that "ca" or "anchors" holds its root',
    ),
  ERR_HOST_NOT_COVERED: (evidence) =>
    lines(
      `Cannot connect to "${evidence.protocol}//${place(evidence)}": no entry of the policy covers this host`,
      '  hint       if the URL is right, add the host to the policy; the default for uncovered hosts is "deny"',
    ),
  ERR_PLAINTEXT_REFUSED: (evidence) =>
    lines(
      `Cannot connect to "http://${place(evidence)}": the host is pinned and plain HTTP proves no key`,
      '  hint       use https:',
    ),
  ERR_PROXY_FAILED: (evidence) =>
    lines(
      `Cannot connect to "${place(evidence)}": the proxy ${evidence.proxy} made no tunnel to it`,
      `  reason     ${evidence.reason}`,
      '  hint       check the proxy, its credentials, and that it lets this host and port through',
    ),
  ERR_PINS_EXPIRED: (evidence) =>
    lines(
      `Cannot connect to "${place(evidence)}": the pins that match its path have expired`,
      ...presentedLines(evidence.presented),
      ...evidence.expired.map((pin) => `  expired    ${pin}  ${policyName(evidence)}`),
      '  hint       confirm with the owner of this host that the key is still good, then move the "expires" date of the pin',
    ),
  ERR_POLICY_UNAVAILABLE: (evidence) =>
    lines(
      `No pin policy could be loaded from ${evidence.source}: ${evidence.problem}`,
      `  hint       ${evidence.repair}`,
    ),
  ERR_POLICY_MALFORMED: (evidence) =>
    lines(
      `Cannot use the pin policy${evidence.source ? ` of ${evidence.source}` : ''}: ${evidence.path === '' ? 'the document' : evidence.path}: ${evidence.problem}`,
      `  hint       ${evidence.repair}`,
    ),
  ERR_POLICY_STALE: (evidence) =>
    lines(
      `The pin policy of ${evidence.source} is ${Math.floor(evidence.ageSeconds)} s old and could not be refreshed for longer than maxStale (${Math.floor(evidence.maxStaleSeconds)} s)`,
      '  hint       restore the source: the PolicyRefreshFailure metric carries the reason of each failed load',
    ),
  ERR_POLICY_ROLLED_BACK: (evidence) =>
    lines(
      `Refused the pin policy of ${evidence.source}: its serial ${evidence.serial === undefined ? 'is gone' : `${evidence.serial} is lower`}, ${evidence.lastSerial} was accepted before`,
      `  hint       publish the document again with a serial above ${evidence.lastSerial}`,
    ),
  ERR_POLICY_SIGNATURE: (evidence) =>
    lines(
      `Refused the pin policy of ${evidence.source}: ${evidence.problem}`,
      '  hint       sign the document with a key that this guard trusts, and publish it again',
    ),
  ERR_CONFIGURATION: (evidence) =>
    lines(`Option "${evidence.option}" ${evidence.problem}`, `  hint       ${evidence.repair}`),
}

function lines(...parts: readonly string[]): string {
  return parts.join('\n')
}

function place({ host, port }: Target): string {
  const name = host.includes(':') ? `[${host}]` : host
  return port === 443 ? name : `${name}:${port}`
}

function policyName({ pattern, policyVersion }: Target): string {
  const version = policyVersion === undefined ? 'policy' : `policy version ${policyVersion}`
  return pattern === undefined ? version : `${version}, entry "${pattern}"`
}

function presentedLines(keys: readonly PresentedKey[]): string[] {
  return keys.map((key) => `  presented  ${key.pin}  ${key.subject} (${key.role}, until ${key.notAfter.slice(0, 10)})`)
}
