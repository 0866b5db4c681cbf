/** The public door: every name a user may rely on, and no code. */

export {
  type FailureCode,
  type FailureEvidence,
  findPinnedFetchError,
  isPinnedFetchError,
  PinnedFetchError,
  type PinnedFetchFailure,
  type PresentedKey,
  type Target,
} from './errors.ts'
export {
  type GuardEvent,
  METRIC_DIMENSIONS,
  METRIC_NAMESPACE,
  METRICS,
  type MetricName,
  type Observer,
} from './events.ts'
export { createGuard, type Explanation, type Guard } from './guard.ts'
export type { MetricsOptions, MetricsSink } from './lambda/metrics.ts'
export { type PinnedContext, pinnedFetch } from './lambda/middleware.ts'
export type { GuardOptions } from './options.ts'
export { type Finding, type HostEntry, lintPolicy, type Policy, parsePolicy } from './policy/document.ts'
export type { Pin } from './policy/pin.ts'
export { type ExtensionOptions, extensionSource } from './source/extension.ts'
export { type SecretsManagerOptions, secretsManagerSource } from './source/secrets-manager.ts'
export { type LoadedDocument, literalSource, type PolicySource } from './source/source.ts'
