/**
 * What an error of a call is called, without the library: user code sees no more than this.
 */

interface Caused {
  readonly code?: unknown
  readonly message?: unknown
  readonly cause?: unknown
}

/** Our code when one of ours is among the causes, else the first code there is, else the error as text. */
export function codeOf(error: unknown): string {
  const codes = causesOf(error).flatMap(({ code }) => (typeof code === 'string' ? [code] : []))
  return (
    codes.find((code) => /^ERR_(PIN|KEY|PATH|HOST|PLAINTEXT|POLICY|PROXY|CONFIG)/.test(code)) ?? codes[0] ?? `${error}`
  )
}

export function messageOf(error: unknown): string {
  return causesOf(error)
    .map(({ message }) => String(message))
    .join('\n')
}

function causesOf(error: unknown): Caused[] {
  const causes: Caused[] = []
  for (let one = error; typeof one === 'object' && one !== null && causes.length < 16; one = (one as Caused).cause) {
    causes.push(one)
  }
  return causes
}
