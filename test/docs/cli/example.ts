/**
 * One exchange of a transcript, as a terminal shows it: the command and what it prints. Variables of the test get the
 * values of an example; `…` and `...` stay as elisions.
 */

import { readFileSync } from 'node:fs'

const TRANSCRIPTS = new URL('../../cli/', import.meta.url)

const PINS = {
  A: 'sha256/grX4Ta9HpZx6tSHkmCrvpApTQGo67CYDnvprLg5yRME=',
  B: 'sha256/klO23nT2ehFDXCfx3eHTDRESMz3asj1muO+4aIdjiuY=',
  C: 'sha256/A64jkQQCK7leZxsDfjil6cgPOJ7uE3ZHlgPlk+jGPkM=',
  D: 'sha256/oeT2K6zS0BqTR8SN5tgMzDm82W+HCZPbs+egIdPAVSo=',
} as const

const SAMPLES: Readonly<Record<string, string>> = {
  ...PINS,
  LEAF_PIN: PINS.A,
  CA_PIN: PINS.C,
  ROOT_PIN: PINS.D,
  ROOT_DIGEST: PINS.D.slice('sha256/'.length),
  ROOT_IN_JSON: '"-----BEGIN CERTIFICATE-----\\n…"',
  API_PIN: PINS.A,
  ISSUER_PIN: PINS.C,
  STRANGER_PIN: PINS.D,
  TODAY: PINS.A,
  NEXT: PINS.B,
  RESERVE: PINS.C,
  ONE: '11111111-0000-4000-8000-000000000000',
  TWO: '22222222-0000-4000-8000-000000000000',
  THREE: '33333333-0000-4000-8000-000000000000',
  KEY_ID: 'Cw8YcJcm1uQ0nCqW3hJc9w9o2k4m0Jb4gkQq1b6o7xU',
  UNTIL: '2027-11-25',
  PORT: '8443',
  API: '192.0.2.7:443',
  ROTATED: '192.0.2.8:443',
}

export interface Example {
  /** `pinned-fetch …` */
  readonly command: string
  readonly printed: string
  readonly exitCode: number
}

/** @param beginning of the command, after `pinned-fetch `; the first such exchange is taken */
export function exampleOf(transcript: string, beginning: string): Example {
  const lines = readFileSync(new URL(transcript, TRANSCRIPTS), 'utf8').split('\n')
  const start = lines.findIndex((line) => line.startsWith(`    $ pinned-fetch ${beginning}`))
  if (start === -1) throw new Error(`${transcript} holds no command "${beginning}"`)
  const after = lines.slice(start + 1)
  const end = after.findIndex((line) => !line.startsWith('    ') || line.startsWith('    $ '))
  const answer = after.slice(0, end).map((line) => line.slice(4))
  const exitCode = Number(/^\[(\d+)\]$/.exec(answer.at(-1) ?? '')?.[1] ?? 0)
  return {
    command: withSamples(lines[start]?.slice(6) ?? ''),
    printed: withSamples(
      answer
        .slice(0, exitCode === 0 ? undefined : -1)
        .map(asShown)
        .join('\n'),
    ),
    exitCode,
  }
}

/** Exit codes that the transcripts show, by verb. */
export function exitsShown(transcripts: readonly string[]): ReadonlyMap<string, ReadonlySet<number>> {
  const shown = new Map<string, Set<number>>()
  for (const transcript of transcripts) {
    const text = readFileSync(new URL(transcript, TRANSCRIPTS), 'utf8')
    for (const exchange of text.split(/^ {4}\$ pinned-fetch /m).slice(1)) {
      const [verb = ''] = exchange.split(/\s/, 1)
      const [answer = ''] = exchange.split(/^(?! {4})/m, 1)
      const exitCode = Number(/^ {4}\[(\d)\]$/m.exec(answer)?.[1] ?? 0)
      shown.set(verb, (shown.get(verb) ?? new Set()).add(exitCode))
    }
  }
  return shown
}

/** On a terminal both streams look the same. */
function asShown(line: string): string {
  return line.replace(/^2> ?/, '')
}

function withSamples(text: string): string {
  return text.replaceAll(/\$([A-Z][A-Z0-9_]*)/g, (whole, name: string) => {
    // The beginning of a digest, where a table shortens it.
    const sample = SAMPLES[name] ?? SAMPLES[name.replace(/_START$/, '_PIN')]?.slice(0, 'sha256/'.length + 8)
    if (sample === undefined) throw new Error(`there is no sample for ${whole}`)
    return sample
  })
}
