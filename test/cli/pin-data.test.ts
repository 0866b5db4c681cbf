/**
 * Pin arithmetic against outsiders: real chains read by openssl, and the pins that are compiled into a browser.
 */

import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, it } from 'node:test'
import { getCACertificates } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { adviceOn } from '../../lib/cli/pin/advice.ts'
import { choiceOf, pathToShow } from '../../lib/cli/pin/choice.ts'
import { isPublicRoot } from '../../lib/cli/pin/public-roots.ts'
import { callTo } from '../../lib/net/call.ts'
import { Certificate } from '../../lib/x509/certificate.ts'
import { verifyPath } from '../../lib/x509/path.ts'
import { splitPem, TrustSet } from '../../lib/x509/trust-set.ts'
import { NO_OPENSSL, pinByOpenssl } from './openssl.ts'
import { runCommand } from './transcript.ts'

const DATA = fileURLToPath(new URL('../../../shared/data/', import.meta.url))
const CHAINS = join(DATA, 'chains/current')
const BROWSER_PINS = join(DATA, 'firefox-153-static-pins.txt')

const skipChains = !existsSync(CHAINS) && 'SKIPPED: the recorded chains are not there'
const skipPins = !existsSync(BROWSER_PINS) && 'SKIPPED: the pins of the browser are not there'
const chains = skipChains ? [] : readdirSync(CHAINS).map((name) => join(CHAINS, name))

describe('the pins of real chains', { skip: skipChains || NO_OPENSSL }, () => {
  it('there are 14 of them', () => assert.equal(chains.length, 14))

  for (const file of chains) {
    it(`are what openssl prints: ${basename(file)}`, async () => {
      const { stdout, stderr, exitCode } = await runCommand(`pinned-fetch pin ${file} --json`, DATA)
      assert.deepEqual([stderr, exitCode], ['', 0])
      const found = JSON.parse(stdout) as { pin: string; kind: string }[]
      const blocks = splitPem(readFileSync(file, 'utf8'))
      assert.deepEqual(
        found.map(({ pin }) => pin),
        blocks.map(pinByOpenssl),
      )
      assert.deepEqual(
        found.map(({ kind }) => kind.replace(' certificate', '')),
        ['leaf', ...blocks.slice(2).map(() => 'intermediate'), 'root'],
      )
    })
  }

  it('are told of the whole folder, in the order of its names', async () => {
    const { stdout } = await runCommand(`pinned-fetch pin ${CHAINS} --json`, DATA)
    const files = (JSON.parse(stdout) as { file: string }[]).map(({ file }) => basename(file))
    assert.deepEqual([...new Set(files)], chains.map((file) => basename(file)).sort())
  })
})

describe('the pins that a browser brings', { skip: skipChains || skipPins }, () => {
  const browser = new Set(skipPins ? [] : readFileSync(BROWSER_PINS, 'utf8').trim().split('\n'))

  it('are 32, and those of roots are the pins that we make of these roots', async (t) => {
    assert.equal(browser.size, 32)
    const { stdout } = await runCommand(`pinned-fetch pin ${CHAINS} --json`, DATA)
    const found = JSON.parse(stdout) as { pin: string; kind: string; subject: string }[]
    const ofChains = matching(
      found.map(({ pin, kind, subject }) => ({ pin, title: `${kind.replace(' certificate', '')} ${subject}` })),
    )
    for (const [pin, title] of ofChains) t.diagnostic(`${pin} ${title}`)
    assert.ok(
      [...ofChains.values()].every((title) => title.startsWith('root ')),
      'a browser pins no leaf and no intermediate of these',
    )

    const ofNode = matching(
      getCACertificates('bundled').map((pem) => {
        const certificate = new Certificate(new X509Certificate(pem))
        return { pin: `sha256/${certificate.keyHash}`, title: certificate.title }
      }),
    )
    t.diagnostic(`${ofChains.size} are roots of the 14 chains, ${ofNode.size} are roots that come with this Node`)
    for (const pin of ofChains.keys()) assert.ok(ofNode.has(pin), pin)
    assert.ok(ofChains.size >= 5 && ofNode.size >= 15, `${ofChains.size} and ${ofNode.size}`)
  })

  function matching(keys: readonly { pin: string; title: string }[]): Map<string, string> {
    return new Map(
      keys.filter(({ pin }) => browser.has(pin.slice('sha256/'.length))).map(({ pin, title }) => [pin, title]),
    )
  }
})

describe('what is proposed for a real chain', { skip: skipChains }, () => {
  const trust = new TrustSet(getCACertificates('bundled'))

  for (const file of chains) {
    it(`is the key of a root that comes with Node: ${basename(file)}`, (t) => {
      const presented = splitPem(readFileSync(file, 'utf8')).map((pem) => new X509Certificate(pem))
      const [leaf] = presented
      assert.ok(leaf)
      const host = /DNS:([^*,]+)/.exec(leaf.subjectAltName ?? '')?.[1] ?? ''
      const path = verifyPath(presented.slice(0, -1), { host, trust, now: Date.parse(leaf.validFrom) + 86_400_000 })
      assert.ok(path.verified, path.verified === undefined ? path.reason : '')
      const shown = pathToShow(path.verified, isPublicRoot)
      const choice = choiceOf(shown, path.verified, 'root')
      assert.equal(choice.role, 'root')
      assert.ok(isPublicRoot(choice.certificate))
      assert.equal(choiceOf(shown, path.verified, 'issuer').certificate, shown.certificates[1])

      const probed = {
        ...callTo('https:', host, 443),
        servername: host,
        address: undefined,
        problem: undefined,
        presented,
        path,
        protocol: undefined,
        ocsp: undefined,
      }
      const advice = adviceOn({ probed, path: shown, choice }, [])
      const candidates = advice.flatMap((line) => /--backup (sha256\/\S+)/.exec(line)?.[1] ?? [])
      t.diagnostic(`${choice.certificate.title}; candidates for a backup: ${candidates.length}`)
      const used = path.verified.paths.flatMap(({ certificates }) => certificates.map(({ keyHash }) => keyHash))
      for (const candidate of candidates) assert.ok(!used.includes(candidate.slice('sha256/'.length)), candidate)
    })
  }
})
