import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { splitPem } from '../../lib/x509/trust-set.ts'
import { pinOf } from '../support/authority.ts'
import { NOW, partnerScene } from './check-scene.ts'
import { playTranscript, runCommand } from './transcript.ts'

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url))

/** Complete chains of 14 hosts, as they were served in March 2026. */
const CURRENT = '../shared/data/chains/current'

describe('pinned-fetch check', () => {
  const scene = partnerScene()

  it('as in check.txt', () =>
    playTranscript(new URL('check.txt', import.meta.url), { now: () => NOW, variables: scene.variables }))

  it('has sent no byte to any host', () => {
    for (const { recording } of scene.servers) {
      assert.ok(recording.connections > 0)
      assert.equal(recording.bytes, 0)
      assert.equal(recording.requests, 0)
    }
  })
})

describe('pinned-fetch check, of the 14 real chains of March 2026', () => {
  const isThere = existsSync(join(REPOSITORY, CURRENT))
  const skip = isThere ? false : `${CURRENT} is not there: 14 real chains are not checked`

  it('finds each root that Node trusts, where the policy pins the roots', { skip }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pinned-fetch-check-'))
    try {
      const files = readdirSync(join(REPOSITORY, CURRENT)).filter((name) => name.endsWith('.pem'))
      const pinOfRoot = (name: string) => {
        const root = splitPem(readFileSync(join(REPOSITORY, CURRENT, name), 'utf8')).at(-1) ?? ''
        return pinOf(new X509Certificate(root).publicKey)
      }
      const policy = Object.fromEntries(files.map((name) => [name.slice(0, -'.pem'.length), [pinOfRoot(name)]]))
      const place = join(folder, 'policy.json')
      writeFileSync(place, JSON.stringify(policy))
      const { stdout, exitCode } = await runCommand(
        `pinned-fetch check ${place} --chains ${CURRENT} --at 2026-03-20T00:00:00Z --json`,
        REPOSITORY,
      )
      assert.equal(exitCode, 0, stdout)
      const { hosts } = JSON.parse(stdout) as {
        hosts: readonly { state: string; path: readonly { isPinned: boolean }[] }[]
      }
      assert.equal(hosts.length, 14)
      assert.ok(hosts.every(({ state, path }) => state === 'accepted' && path.at(-1)?.isPinned))
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
