import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { intermediateOf, leafOf, presented, rootAuthority } from '../support/authority.ts'
import { Cleanup } from '../support/demo/cleanup.ts'
import { NotObserved } from '../support/demo/observation.ts'
import { type Stage, setStage } from '../support/demo/stage.ts'
import { STORY } from '../support/demo/story.ts'
import { Timeline } from '../support/demo/timeline.ts'
import { listen } from '../support/listen.ts'
import { startTlsServer } from '../support/tls-server.ts'

const MAIN = fileURLToPath(new URL('../support/demo/main.ts', import.meta.url))

/** Hangs are found by it; nothing here takes a quarter of this. */
const LIMIT_MS = 120_000

interface Run {
  readonly status: number | string | null
  readonly stdout: string
  readonly stderr: string
}

/** Without a terminal, and with nothing of this machine but where programs are. */
function demo(args: readonly string[] = [], env: Record<string, string> = {}): Promise<Run> {
  return new Promise((resolve) => {
    const options = {
      env: { PATH: process.env['PATH'] ?? '', HOME: tmpdir(), FORCE_COLOR: '1', ...env },
      timeout: LIMIT_MS,
    }
    execFile(process.execPath, [MAIN, ...args], options, (error, stdout, stderr) =>
      resolve({ status: error ? (error.code ?? error.signal ?? 'unknown') : 0, stdout, stderr }),
    )
  })
}

describe('npm start', () => {
  let run: Run
  before(async () => {
    run = await demo()
  })

  it('ends well, and tells every step in its order', () => {
    assert.equal(run.status, 0, run.stdout + run.stderr)
    const told = [
      'runtime +(aws-lambda-ric [\\d.]+|a small runtime loop)',
      '1\\. A call passes',
      '✓ HTTP 200 in \\d+ ms, the start of the environment included',
      'HTTP 200 "served with partner key 1"',
      '✓ HTTP 200 in \\d+ ms, on the same connection',
      "2\\. The attacker takes the partner's place",
      'without pins, the same trust: HTTP 200 from the attacker, who got [1-9]\\d* bytes',
      '✓ refused in \\d+ ms with ERR_PIN_MISMATCH; 0 bytes of the request reached the attacker',
      'no key of its verified path is pinned',
      'PinFailure = 1 Count   PinnedFetch {service=PinnedFetchExample, host=localhost}',
      '3\\. The partner rotates its key while calls run',
      '✓ \\d+ calls, 0 failed: \\d+ with key 1, \\d+ with key 2',
      '✓ the new key made the function ask for the secret again',
      'BackupPinMatched = 1 Count',
      '4\\. The old pin is removed',
      '✓ the old key is refused \\d+ ms after its pin was removed; 0 bytes',
      '✓ connection \\d+, open and proven before, was closed',
      '✓ the new key passes: HTTP 200 "served with partner key 2"',
      '5\\. The secret is broken',
      '✓ the refresh failed with ERR_POLICY_MALFORMED',
      'PolicyRefreshFailure = 1 Count',
      '✓ the last good policy serves: \\d+ calls, 0 failed',
      '✓ refused in \\d+ ms with ERR_PIN_MISMATCH; 0 bytes of the request reached the attacker',
      'All 5 steps were observed',
    ]
    assert.match(run.stdout, new RegExp(told.join('[\\s\\S]*')))
  })

  it('keeps time, a line for each event, and no colour where nobody looks', () => {
    const times = [...run.stdout.matchAll(/^ *(\d+) ms {2}\S/gm)].map(([, ms]) => Number(ms))
    assert.ok(times.length > 20, `${times.length} lines with a time`)
    assert.deepEqual(
      times,
      times.toSorted((left, right) => left - right),
    )
    assert.ok(!run.stdout.includes('\u001b'))
  })

  it('tells results on stdout and what takes a while on stderr', () => {
    assert.match(run.stderr, /^demo: building the function's bundle/m)
    assert.doesNotMatch(run.stdout, /^demo:|Bundling/m)
    assert.doesNotMatch(run.stderr, /✓|not observed/)
  })
})

describe('npm start with arguments or an environment that are wrong', () => {
  it('explains itself, with its exit status', async () => {
    const { status, stdout, stderr } = await demo(['--help'])
    assert.deepEqual([status, stderr], [0, ''])
    assert.match(stdout, /^Usage: npm start [\s\S]*AWS_ENDPOINT_URL[\s\S]*Exit status:/)
  })

  for (const [args, reason] of [
    [['--hepl'], /unknown option --hepl/],
    [['api.partner.example'], /"api.partner.example" is not a URL: write https:/],
    [['http://localhost'], /is not an https URL/],
    [['https://user:secret@localhost'], /holds credentials/],
    [['https://a..b/'], /not a host that can be called/],
    [['https://localhost', 'https://localhost'], /more than one URL/],
  ] as const) {
    it(`refuses ${args.join(' ')} with exit status 2 and the usage`, async () => {
      const { status, stdout, stderr } = await demo(args)
      assert.deepEqual([status, stdout], [2, ''])
      assert.match(stderr, reason)
      assert.match(stderr, /^Usage: npm start/m)
    })
  }

  it('says which Secrets Manager endpoint it could not use, and observes nothing', async () => {
    const url = `http://127.0.0.1:${await deadPort()}`
    const { status, stdout, stderr } = await demo([], { AWS_ENDPOINT_URL: url })
    assert.equal(status, 1)
    assert.match(stderr, new RegExp(`Cannot put the pins into ${url} \\(AWS_ENDPOINT_URL\\): .*ECONNREFUSED`))
    assert.doesNotMatch(stdout, /✓|observed/)
  })
})

describe('npm start -- <https URL>', () => {
  it('shows the verified path, a policy that pins it, and one pinned call', async (t) => {
    const { server, url, caFile, leaf, issuing, root, stranger } = await privateServer(t)
    const { status, stdout, stderr } = await demo([url], { NODE_EXTRA_CA_CERTS: caFile })
    assert.equal(status, 0, stdout + stderr)
    for (const [role, held] of [
      ['leaf', leaf],
      ['intermediate', issuing],
      ['anchor', root],
    ] as const) {
      const pin = held.pin.replaceAll('+', '\\+')
      assert.match(stdout, new RegExp(`${role} +${held.subject} +${pin} +\\d{4}-\\d\\d-\\d\\d \\(\\d+ days\\)`))
    }
    assert.match(stdout, new RegExp(`${stranger.subject}: sent, but in no verified path`))
    const policy = JSON.parse(/^ *\{\n[\s\S]*?\n {13}\}$/m.exec(stdout)?.[0] ?? '')
    const [entry] = Object.entries<{ pins: { sha256: string }[] }>(policy.hosts)
    assert.equal(entry?.[0], `localhost:${server.port}`)
    assert.deepEqual(
      entry?.[1].pins.map(({ sha256 }) => `sha256/${sha256}`),
      [leaf.pin, issuing.pin],
    )
    assert.match(stdout, /✓ one pinned call got through: HTTP 200/)
    assert.deepEqual(
      server.recording.received.map(({ url }) => url),
      ['/v1/quotes?id=7'],
    )
  })

  it('sends nothing to a server that is not verified, and says what to do', async (t) => {
    const { server, url } = await privateServer(t)
    const { status, stdout, stderr } = await demo([url])
    assert.equal(status, 1)
    assert.match(stderr, /Cannot show the path of localhost:\d+: unable to get local issuer[\s\S]*NODE_EXTRA_CA_CERTS/)
    assert.doesNotMatch(stdout, /✓|sha256/)
    await server.whenConnectionsClosed()
    assert.equal(server.recording.bytes, 0)
  })

  it('says so when nothing listens there', async () => {
    const { status, stderr } = await demo([`https://localhost:${await deadPort()}/`])
    assert.equal(status, 1)
    assert.match(stderr, /Cannot show the path of localhost:\d+: .*ECONNREFUSED[\s\S]*nothing listens there/)
  })
})

describe('a step of the story', () => {
  const cleanup = new Cleanup()
  let stage: Stage
  before(async () => {
    stage = await setStage(cleanup)
  })
  after(() => cleanup.close())

  it('is not observed when the attacker’s key is pinned: the call passes, and the demo fails', async () => {
    await stage.publish(stage.cast.attacker)
    await assert.rejects(runStep("The attacker takes the partner's place", stage), (error) => {
      assert.ok(error instanceof NotObserved)
      assert.match(error.message, /expected: a refused call\n +seen: +HTTP 200 "served with attacker key"/)
      return true
    })
  })

  it('is not observed when the new key never gets into the secret: calls fail, and so does the demo', async () => {
    await stage.publish(stage.cast.partner, stage.cast.reserve)
    const forgetful = { ...stage, environment: await stage.quickEnvironment(), publish: async () => 'nothing' }
    await assert.rejects(runStep('The partner rotates its key while calls run', forgetful), (error) => {
      assert.ok(error instanceof NotObserved)
      assert.match(error.message, /expected: that no call fails\n +seen: +[1-9]\d* failed, the first: ERR_PIN_MISMATCH/)
      return true
    })
  })
})

function runStep(title: string, stage: Stage): Promise<void> {
  const step = STORY.find((candidate) => candidate.title === title)
  assert.ok(step, `a step "${title}"`)
  return step.run(stage, new Timeline({ write: () => true }))
}

/** With a CA of its own, whose root is in a file, and a stranger's certificate among those it sends. */
async function privateServer(t: TestContext) {
  const root = await rootAuthority('Private Root')
  const issuing = await intermediateOf(root, 'Private Issuing CA')
  const stranger = await rootAuthority('Stranger')
  const leaf = await leafOf(issuing, ['localhost'])
  const server = await startTlsServer(presented(leaf, issuing, stranger))
  const directory = await mkdtemp(join(tmpdir(), 'pinned-fetch-demo-test-'))
  t.after(async () => {
    await server.close()
    await rm(directory, { recursive: true })
  })
  const caFile = join(directory, 'root.pem')
  await writeFile(caFile, root.certificate)
  return { server, url: `https://localhost:${server.port}/v1/quotes?id=7`, caFile, leaf, issuing, root, stranger }
}

/** A port that was free a moment ago. */
async function deadPort(): Promise<number> {
  const server = createServer()
  const port = await listen(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}
