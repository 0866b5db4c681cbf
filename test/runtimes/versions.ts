/**
 * The versions of Node that the whole suite runs on: the lines that AWS Lambda has, and the newest even release. Exact,
 * so that a failure is a change of ours, or a change of this list.
 */

export interface RuntimeVersion {
  readonly version: string
  /** Why it is in the list. */
  readonly reason: string
}

export const VERSIONS: readonly RuntimeVersion[] = [
  { version: '22.19.0', reason: 'the oldest that package.json allows' },
  { version: '22.23.3', reason: 'AWS Lambda nodejs22.x' },
  { version: '24.21.0', reason: 'AWS Lambda nodejs24.x, and the one that the project is developed on' },
  { version: '26.10.0', reason: 'the newest even release' },
]
