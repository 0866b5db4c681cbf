/**
 * How a command ends, and the one error that it ends with when it can't do what it was asked.
 */

/** Exit codes. Scripts and CI read them: a new meaning gets a new number. */
export const EXIT = {
  /** Done, and nothing to complain about. */
  ok: 0,
  /** Done, and the answer is bad news: a finding, a host that would be refused, a difference. */
  findings: 1,
  /** The command line is wrong; nothing was done. */
  usage: 2,
  /** It could not be done: the network, AWS, a file. */
  failed: 3,
  /** It was refused because it would hurt: `--force` says it twice. */
  refused: 4,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** What went wrong and what to do about it, for whoever typed the command. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly hint: string
  readonly exitCode: ExitCode

  constructor(message: string, hint: string, { exitCode = EXIT.failed, cause }: CommandErrorOptions = {}) {
    super(message, cause === undefined ? {} : { cause })
    this.hint = hint
    this.exitCode = exitCode
  }
}

export interface CommandErrorOptions {
  /** Default: {@link EXIT.failed}. */
  readonly exitCode?: ExitCode
  readonly cause?: unknown
}
