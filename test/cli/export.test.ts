/**
 * Exports read by the parsers and tools of their targets: libxml2, Python's plistlib and YAML reader, curl itself.
 *
 * Not here, since nothing of them runs without the internet or another system: aapt, Xcode, Kotlin's compiler, Envoy.
 */

import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, describe, it, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { type Held, leafOf, presented, rootAuthority } from '../support/authority.ts'
import { startTlsServer } from '../support/tls-server.ts'
import { playTranscript, runCommand } from './transcript.ts'

const A = 'sha256/grX4Ta9HpZx6tSHkmCrvpApTQGo67CYDnvprLg5yRME='
const B = 'sha256/klO23nT2ehFDXCfx3eHTDRESMz3asj1muO+4aIdjiuY='
const C = `sha256/${'A'.repeat(43)}=`
const NOW = Date.UTC(2026, 10, 25)

/** curl's exit code for another key: CURLE_SSL_PINNEDPUBKEYNOTMATCH. */
const WRONG_KEY = 90

const [xmllint, python, yaml, curl] = (
  [
    ['xmllint', '--version'],
    ['python3', '-c', 'import plistlib'],
    ['python3', '-c', 'import yaml'],
    ['curl', '--version'],
  ] as const
).map(([command, ...parameters]) => spawnSync(command, parameters).status === 0)

const skipWithout = (tool: boolean | undefined, name: string) =>
  tool ? {} : { skip: `${name} is not on this machine` }

const POLICY = {
  version: 1,
  hosts: {
    'api.partner.example': { leafPins: [A, B], issuerPins: [C, B] },
    '*.bank.example': { issuerPins: [A, C], expires: '2027-03-01T00:00:00Z', onExpiry: 'report' },
  },
}

it('pinned-fetch: export.txt', () =>
  playTranscript(new URL('export.txt', import.meta.url), { variables: { A, B, C }, now: () => NOW }))

async function exported(t: TestContext, document: object, parameters: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'pinned-fetch-export-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'policy.json'), JSON.stringify(document))
  const { stdout, stderr, exitCode } = await runCommand(`pinned-fetch export policy.json ${parameters}`, folder, {
    now: () => NOW,
  })
  assert.equal(exitCode, 0, stderr)
  return stdout
}

/** What a program of Python prints as JSON when it is given the export. */
function pythonReads(program: string, input: string): unknown {
  const { stdout, stderr, status } = spawnSync('python3', ['-c', program], { input, encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  return JSON.parse(stdout)
}

const PLIST = 'import json, plistlib, sys; print(json.dumps(plistlib.loads(sys.stdin.buffer.read())))'
const YAML = 'import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.stdin)))'

const identity = (pin: string) => ({ 'SPKI-SHA256-BASE64': pin.slice(7) })

describe('an export read by its own kind', () => {
  it('Android: libxml2 finds each pin at its domain', skipWithout(xmllint, 'xmllint (libxml2-utils)'), async (t) => {
    const text = await exported(t, POLICY, '--to android --force')
    const find = (path: string) => {
      const { stdout, stderr, status } = spawnSync('xmllint', ['--nonet', '--xpath', path, '-'], { input: text })
      assert.equal(status, 0, `${path}: ${stderr}`)
      return stdout.toString().trim().split('\n')
    }
    const pins = (domain: string) => `//domain-config[domain="${domain}"]/pin-set/pin[@digest="SHA-256"]/text()`
    assert.deepEqual(find(pins('api.partner.example')), [A.slice(7), B.slice(7)])
    assert.deepEqual(find(pins('bank.example')), [A.slice(7), C.slice(7)])
    assert.deepEqual(find('string(//domain[.="bank.example"]/@includeSubdomains)'), ['true'])
    assert.deepEqual(find('string(//domain-config[domain="bank.example"]/pin-set/@expiration)'), ['2027-03-01'])
    assert.deepEqual(find('count(//domain-config)'), ['2'])
  })

  it('iOS: plistlib reads the property list', skipWithout(python, 'python3 with plistlib'), async (t) => {
    const read = pythonReads(PLIST, await exported(t, POLICY, '--to ios'))
    assert.deepEqual(read, {
      NSAppTransportSecurity: {
        NSPinnedDomains: {
          'api.partner.example': {
            NSIncludesSubdomains: false,
            NSPinnedLeafIdentities: [A, B].map(identity),
            NSPinnedCAIdentities: [C, B].map(identity),
          },
          'bank.example': { NSIncludesSubdomains: true, NSPinnedCAIdentities: [A, C].map(identity) },
        },
      },
    })
  })

  it('TrustKit: plistlib reads what the JSON says', skipWithout(python, 'python3 with plistlib'), async (t) => {
    const text = await exported(t, POLICY, '--to trustkit --force')
    const { value } = JSON.parse(await exported(t, POLICY, '--to trustkit --force --json'))
    const read = pythonReads(PLIST, text)
    assert.deepEqual(read, value)
    assert.deepEqual(value.TSKConfiguration.TSKPinnedDomains['bank.example'], {
      TSKIncludeSubdomains: true,
      TSKEnforcePinning: true,
      TSKPublicKeyHashes: [A.slice(7), C.slice(7)],
      TSKDisableDefaultReportUri: true,
      TSKExpirationDate: '2027-03-01',
    })
  })

  it('Envoy: a YAML reader finds pins, roots and names', skipWithout(yaml, 'python3 with PyYAML'), async (t) => {
    const root = await rootAuthority('Root')
    const hosts = {
      'a.test': { leafPins: [A, B], anchors: [root.certificate] },
      '127.0.0.1:8443': { leafPins: [C, B] },
    }
    const document = { version: 1, hosts }
    const text = await exported(t, document, '--to envoy')
    const read = pythonReads(YAML, text) as typeof value
    const { value } = JSON.parse(await exported(t, document, '--to envoy --json'))
    assert.deepEqual(read, value)
    const contexts = read.static_resources.clusters.map(
      ({ transport_socket }: { transport_socket: { typed_config: object } }) => transport_socket.typed_config,
    )
    const [named, address] = contexts
    assert.equal(named.sni, 'a.test')
    assert.deepEqual(named.common_tls_context.validation_context, {
      trusted_ca: { inline_string: `${root.certificate.trim()}\n` },
      match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: 'a.test' } }],
      verify_certificate_spki: [A.slice(7), B.slice(7)],
    })
    assert.equal(address.sni, undefined)
    assert.deepEqual(address.common_tls_context.validation_context.match_typed_subject_alt_names, [
      { san_type: 'IP_ADDRESS', matcher: { exact: '127.0.0.1' } },
    ])
  })

  it('OkHttp: each string of the Kotlin code is a pattern or a pin', async (t) => {
    const text = await exported(t, { version: 1, hosts: { '**.a.test': { pins: [A, B] } } }, '--to okhttp')
    assert.deepEqual(
      [...text.matchAll(/"([^"$\\]*)"/g)].map(([, string]) => string),
      ['**.a.test', A, B],
    )
  })
})

describe('curl, with the command line it is given', skipWithout(curl, 'curl'), () => {
  let root: Held
  let leaf: Held
  before(async () => {
    root = await rootAuthority('Root')
    leaf = await leafOf(root, ['api.partner.test'])
  })

  for (const [what, pins, isCalled] of [
    ['calls a host with the pinned key', () => [leaf.pin, B], true],
    ['calls a host whose backup pin is the key', () => [B, leaf.pin], true],
    ['sends nothing to a host with another key', () => [A, B], false],
    ['sends nothing where only the CA is pinned: it looks at the server alone', () => [root.pin, B], false],
  ] as const) {
    it(what, async (t) => {
      const server = await startTlsServer(presented(leaf, root))
      t.after(() => server.close())
      const document = { version: 1, hosts: { '**.partner.test': { pins: pins() } } }
      const line = await exported(t, document, `--to curl --host api.partner.test:${server.port}`)
      const folder = mkdtempSync(join(tmpdir(), 'pinned-fetch-curl-'))
      t.after(() => rmSync(folder, { recursive: true }))
      writeFileSync(join(folder, 'root.pem'), root.certificate)
      const here = `--silent --cacert root.pem --noproxy '*' --resolve api.partner.test:${server.port}:127.0.0.1`
      const { code, stdout } = await shell(line.replace(/^curl /, `curl ${here} `), folder)
      assert.equal(code, isCalled ? 0 : WRONG_KEY)
      assert.equal(stdout, isCalled ? 'ok' : '')
      assert.equal(server.recording.requests, isCalled ? 1 : 0)
      if (!isCalled) assert.equal(server.recording.bytes, 0)
    })
  }
})

async function shell(line: string, cwd: string): Promise<{ readonly code: number; readonly stdout: string }> {
  try {
    const { stdout } = await promisify(execFile)('sh', ['-c', line], { cwd })
    return { code: 0, stdout }
  } catch (error) {
    const { code, stdout } = error as { code: number; stdout: string }
    return { code, stdout }
  }
}
