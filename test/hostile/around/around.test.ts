/**
 * The module among other code of its process: a second undici, other dispatchers, subscribers, polluted prototypes,
 * patched functions, Node's flags. What is defended is played row by row against real peers; what is not has a test that
 * shows the limit, so that "Code in the same process" in SECURITY.md is true.
 *
 *     other code ─→ twists the process     guard ─→ pinned peer           answered
 *                                                ─→ mispinned, untrusted,
 *                                                   misnamed, uncovered   refused, no byte
 */

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'
import { HOST, partner } from '../../attacks/cast.ts'
import { inChild } from '../../attacks/child.ts'
import { presented } from '../../support/authority.ts'
import { startSecretsEndpoint } from '../../support/secrets-endpoint.ts'
import { startTlsServer, type TlsServer } from '../../support/tls-server.ts'
import { recordResult } from '../suite-result.ts'
import type { Given as LimitGiven, LimitName, Report as LimitReport } from './children/limits.ts'
import type { Report as PolicySourceReport } from './children/policy-source.ts'
import type { Given } from './children/rows.ts'
import type { Given as SharedKeyGiven, Report as SharedKeyReport } from './children/shared-key.ts'
import { FLAGS } from './flags.ts'
import { LIMITS } from './limits.ts'
import { AS_USUAL, type Finding, type Material, type Outcome, type Peer, type Row } from './rows.ts'
import { type Scene, startScene } from './scene.ts'
import { TABLES, type TableName } from './tables.ts'

const children = '../../hostile/around/children'
const tally = { defended: 0, limits: 0 }
/** By peer: what it saw and was told already. Whoever looks first tells it; the request's address names the row. */
const toldBytes = new Map<string, number>()
let scene: Scene

before(async () => {
  scene = await startScene()
})

after(async () => {
  await scene.close()
  await recordResult({
    suite: 'Around the module',
    source: 'ours: other code in the process of the guard, on all four surfaces',
    command: 'node test/run.ts test/hostile/around',
    cases: tally.defended + tally.limits,
    expected: 'no byte to a peer that the policy refuses; limits as SECURITY.md states them',
    got: `${tally.defended} defended, ${tally.limits} stated limits`,
    divergences: Object.entries(LIMITS).map(([name, { reason }]) => ({
      case: name,
      expected: 'refused',
      got: 'the call goes out',
      reason,
    })),
  })
})

// Two at a time: most of each is a process of its own.
describe('rows', { concurrency: 2 }, () => {
  for (const table of ['undici', 'channels', 'pollution', 'patches'] as const) {
    describe(`rows of "${table}"`, () => {
      it('each, after the import', async () => {
        const findings = await played(table, false)
        const rows = new Map(TABLES[table].map((row) => [row.name, row]))
        assertPlayed(findings, (name) => rows.get(name))
        assert.deepEqual([...new Set(findings.map(({ row }) => row))], [...rows.keys()], 'every row was played')
      })

      it('together, before the import', async () => {
        // Together they may stand in each other's way.
        assertPlayed(await played(table, true), (name) => ({
          name,
          twist: () => () => undefined,
          anyCode: true,
          throws: true,
        }))
      })
    })
  }
})

it('Object.prototype.pskCallback: who shares a key resumes no session', async () => {
  const { root, issuing, leaf } = await partner()
  const { key, chain } = presented(leaf, issuing)
  const given: SharedKeyGiven = {
    host: HOST,
    key,
    cert: chain.join('\n'),
    ca: root.certificate,
    pins: [leaf.pin, issuing.pin],
  }
  const report = await inChild<SharedKeyReport>(`${children}/shared-key`, given)
  assert.ok(report.hasResumed, 'there was a session to pretend with')
  assert.deepEqual(
    report.outcomes.filter((outcome) => typeof outcome === 'number'),
    [],
  )
  assert.equal(report.received, '')
  tally.defended += 1
})

it('Object.prototype.clientOptions: the policy is asked for where the environment says', async (t) => {
  const [ours, theirs] = await Promise.all([startSecretsEndpoint(), startSecretsEndpoint()])
  t.after(() => Promise.all([ours.close(), theirs.close()]))
  const { leaf, issuing } = await partner()
  ours.put('pins', JSON.stringify({ [HOST]: [leaf.pin] }))
  theirs.put('pins', JSON.stringify({ [HOST]: [issuing.pin] }))
  const report = await inChild<PolicySourceReport>(
    `${children}/policy-source`,
    { host: HOST, theirs: theirs.url },
    {
      AWS_ENDPOINT_URL: ours.url,
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'nobody',
      AWS_SECRET_ACCESS_KEY: 'nothing',
    },
  )
  assert.deepEqual([report.pins, theirs.requests.length], [[leaf.pin], 0])
  tally.defended += 1
})

describe('flags of Node', () => {
  for (const { flags, needsSystemRoots, isWithoutRoots } of FLAGS) {
    it(`${flags}: accepts and refuses as without it`, async (t) => {
      const roots = join(scene.directory, 'roots.pem')
      await writeFile(roots, scene.roots)
      const { ca: _ca, ...systemRoots } = scene.material
      const material = needsSystemRoots ? systemRoots : scene.material
      const environment = { NODE_OPTIONS: flags, ...(needsSystemRoots ? { SSL_CERT_FILE: roots } : {}) }
      let findings: readonly Finding[]
      try {
        findings = await played('nothing', false, material, environment)
      } catch (error) {
        if (flags === '--force-fips' && /fips/.test(String(error))) return t.skip('this Node has no FIPS provider')
        throw error
      }
      assertPlayed(findings, (name) => ({
        name,
        twist: () => () => undefined,
        ...(isWithoutRoots ? { pinned: 'may fail', anyCode: true } : {}),
      }))
      const [finding] = findings
      if (isWithoutRoots) assert.deepEqual([...new Set(finding?.outcomes.pinned)], ['ERR_PATH_NOT_VERIFIED'])
    })
  }
})

describe('limits: code that means harm, and what comes of it', () => {
  for (const [name, { because, isCall = true }] of Object.entries(LIMITS)) {
    it(`${name}: ${because}`, async (t) => {
      const { report, server } = await limited(t, name as LimitName)
      const { outcomes, overheard } = report
      if (isCall) assert.ok(outcomes.includes(200) && server.recording.bytes > 0, `one limit less: ${outcomes}`)
      else assert.match(overheard.join(), /Bearer secret/)
      tally.limits += 1
    })
  }

  it('a method of the language is replaced: not under --frozen-intrinsics', async (t) => {
    const { server, report } = await limited(t, 'a method of the language is replaced', '--frozen-intrinsics')
    assert.equal(server.recording.bytes, 0)
    assert.match(report.outcomes.join(), /Cannot assign to read only property/)
    tally.defended += 1
  })
})

async function limited(
  t: TestContext,
  limit: LimitName,
  flags = '',
): Promise<{ report: LimitReport; server: TlsServer }> {
  const { given, chain } = await LIMITS[limit].peer()
  const server = await startTlsServer(chain)
  t.after(() => server.close())
  const parameters: LimitGiven = { ...given, limit, url: `https://${HOST}:${server.port}/` }
  return { report: await inChild<LimitReport>(`${children}/limits`, parameters, { NODE_OPTIONS: flags }), server }
}

function played(
  table: TableName,
  isFirst: boolean,
  material: Material = scene.material,
  environment: NodeJS.ProcessEnv = {},
) {
  const given: Given = { table, isFirst, material }
  return inChild<readonly Finding[]>(`${children}/rows`, given, environment)
}

function assertPlayed(findings: readonly Finding[], rowOf: (name: string) => Row | undefined): void {
  const wrong = findings.flatMap((finding) => complaints(finding, rowOf(finding.row)))
  for (const [peer, { recording }] of Object.entries(scene.forbidden)) {
    const { bytes, text } = recording
    const told = toldBytes.get(peer) ?? 0
    if (bytes > told) wrong.push(`the ${peer} peer saw ${bytes - told} bytes: ${text.slice(told, told + 200)}`)
    toldBytes.set(peer, bytes)
  }
  assert.deepEqual(wrong, [])
  tally.defended += findings.length
}

/** What is not as it must be. */
function complaints({ row, moment, outcomes, uncaught, complaint }: Finding, expected: Row | undefined): string[] {
  const wrong: string[] = []
  const isMade = outcomes.pinned !== undefined
  if (complaint !== undefined && (isMade || expected?.pinned !== 'may fail')) wrong.push(complaint)
  if (uncaught.length > 0 && !expected?.throws) wrong.push(`uncaught: ${uncaught.join(', ')}`)
  for (const [peer, usual] of Object.entries(AS_USUAL)) {
    for (const outcome of outcomes[peer as Peer] ?? []) {
      if (!isAllowed(peer as Peer, outcome, usual, expected)) wrong.push(`${peer}: ${outcome}`)
    }
  }
  return wrong.map((text) => `${row}, ${moment}: ${text}`)
}

function isAllowed(peer: Peer, outcome: Outcome, usual: Outcome, row: Row | undefined): boolean {
  if (outcome === usual) return true
  if (peer === 'pinned') return row?.pinned === 'may fail'
  return typeof outcome !== 'number' && row?.anyCode === true
}
