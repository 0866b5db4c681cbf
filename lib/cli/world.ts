/**
 * What a command sees of the outside, as an argument: streams, environment, clock, working directory.
 */

export interface Output {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

export interface Input extends AsyncIterable<Buffer | string> {
  readonly isTTY?: boolean
}

export interface World {
  readonly stdout: Output
  readonly stderr: Output
  readonly stdin: Input
  readonly env: Readonly<Record<string, string | undefined>>
  /** Paths in arguments are relative to it. */
  readonly cwd: string
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** The process itself. */
export const PROCESS_WORLD: World = {
  stdout: process.stdout,
  stderr: process.stderr,
  get stdin() {
    return process.stdin
  },
  env: process.env,
  cwd: process.cwd(),
  now: Date.now,
}
