/**
 * Every suite whose numbers docs/evidence.md shows: the one place that knows how to run them.
 *
 * Most tell their numbers themselves (suite-result.ts). Of those that don't, they are counted: of tests, what Node's
 * runner says, and of a program, its last line.
 */

export interface EvidenceSuite {
  /** On the command line. */
  readonly name: string
  /** Test files, as the runner takes them; or a program, beside what it is to be told. */
  readonly run: { readonly tests: readonly string[] } | { readonly program: readonly [string, ...string[]] }
  /** For a suite that tells no numbers itself. */
  readonly counted?: CountedSuite
  /** What must be on the machine. Unset: nothing beside the project. */
  readonly needs?: string
  /** Roughly, on two cores. */
  readonly minutes: number
}

export interface CountedSuite {
  readonly suite: string
  readonly source: string
  readonly command: string
  /** In the last line of a program: how many were noticed, of how many. */
  readonly lastLine?: RegExp
  /** Said of every case: "pass", "noticed". */
  readonly verb: string
  /** Makes a part of a file's path, for a table of its own. */
  readonly partOf?: (file: string) => string | undefined
}

const LIMBO_DATA = 'the cases of C2SP/x509-limbo and of Netflix BetterTLS; libfaketime'

export const SUITES: readonly EvidenceSuite[] = [
  {
    name: 'attacks',
    run: { tests: ['test/attacks/*.test.ts'] },
    counted: {
      suite: 'Attacks',
      source: 'ours: the table of attacks, each against real TLS servers that count the bytes they receive',
      command: 'node test/run.ts "test/attacks/*.test.ts"',
      verb: 'pass',
      partOf: (file) => /^\d\d(?=-)/.exec(file)?.[0].replace(/^/, 'row '),
    },
    minutes: 2,
  },
  { name: 'naive', run: { program: ['test/hostile/naive/run.ts'] }, minutes: 3 },
  { name: 'limbo', run: { program: ['test/hostile/limbo/run.ts'] }, needs: LIMBO_DATA, minutes: 4 },
  { name: 'path', run: { tests: ['test/x509/path-limbo.test.ts'] }, needs: LIMBO_DATA, minutes: 1 },
  { name: 'names', run: { tests: ['test/hostile/names/*.test.ts'] }, minutes: 2 },
  { name: 'bytes', run: { tests: ['test/hostile/bytes/*.test.ts'] }, minutes: 2 },
  { name: 'around', run: { tests: ['test/hostile/around/*.test.ts'] }, minutes: 2 },
  {
    name: 'interceptors',
    run: { tests: ['test/hostile/interceptors/*.test.ts'] },
    needs: 'mitmproxy, squid and tinyproxy',
    minutes: 2,
  },
  {
    name: 'taken-out',
    run: { program: ['test/attacks/taken-out/run.ts'] },
    counted: {
      suite: 'Checks taken out',
      source: 'ours: the code without one of its checks, against test/attacks',
      command: 'npm run test:taken-out',
      lastLine: /^(\d+) of (\d+) checks are noticed/m,
      verb: 'noticed',
    },
    minutes: 30,
  },
  { name: 'mutation', run: { program: ['test/hostile/mutation/run.ts'] }, minutes: 10 },
  {
    name: 'runtimes',
    run: { program: ['test/runtimes/run.ts'] },
    needs: 'every version of Node it names',
    minutes: 15,
  },
]
