/**
 * `doctor` against one fault at a time, on real servers: it names that fault first, and sends only what it says.
 */

import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { diagnose } from '../../lib/cli/doctor/diagnosis.ts'
import type { Facts } from '../../lib/cli/doctor/facts.ts'
import { callTo } from '../../lib/net/call.ts'
import { leafOf, rootAuthority } from '../support/authority.ts'
import { startPlainServer } from '../support/plain-server.ts'
import {
  consultation,
  DAY_MS,
  HOST,
  issuer,
  issuerAt,
  listAt,
  names,
  pinning,
  type Report,
  revocationList,
  root,
  serve,
  stapleOf,
  stapling,
} from './doctor-scene.ts'
import { NO_OPENSSL } from './openssl.ts'
import { playTranscript, runCommand } from './transcript.ts'

const good = await leafOf(issuer, [HOST])
const stranger = await rootAuthority('Stranger Root')

it('doctor.txt', async (t) => {
  const server = await serve(t, good)
  const variables = {
    API: `127.0.0.1:${server.port}`,
    API_PIN: good.pin,
    API_DIGEST: good.pin.slice('sha256/'.length),
    STRANGER_PIN: stranger.pin,
    ROOT: root.certificate,
  }
  await playTranscript(new URL('doctor.txt', import.meta.url), { variables })
})

describe('doctor, of a host that is well,', () => {
  it('finds nothing, and sends one HEAD that tells nothing', async (t) => {
    const server = await serve(t, good)
    const { doctor } = await consultation(t, { 'policy.json': pinning(good.pin, stranger.pin) })
    const url = `https://somebody:password@${HOST}/path?token=query --address 127.0.0.1:${server.port}`
    const report = await doctor(`${url} --policy policy.json`)
    assert.equal(report.cause, null, report.stdout)
    assert.equal(report.exitCode, 0)
    const fine = ['tcp', 'proxy', 'tls', 'clock', 'expiry', 'chain', 'trust', 'host name', 'pins']
    for (const check of fine) assert.equal(report.states[check], 'ok', check)
    assert.deepEqual(
      server.recording.received.map(({ method, url, body }) => [method, url, body]),
      [['HEAD', '/', '']],
    )
    assert.doesNotMatch(server.recording.text + report.stdout, /somebody|password|token|authorization/i)
  })

  it('sends no byte when it is told so', async (t) => {
    const server = await serve(t, good)
    const { doctor } = await consultation(t)
    const report = await doctor(`${server.at} --no-send-request`)
    assert.equal(report.exitCode, 0)
    assert.equal(report.states['clock'], 'skip')
    assert.equal(server.recording.bytes, 0)
  })

  it('warns of a variable that names a proxy which a guard does not use', async (t) => {
    const server = await serve(t, good)
    const { doctor } = await consultation(t)
    const report = await doctor(server.at, { env: { HTTPS_PROXY: 'http://me:hush@127.0.0.1:9' } })
    assert.deepEqual([report.states['proxy'], report.exitCode], ['warn', 0])
    assert.doesNotMatch(report.stdout, /hush/)
  })
})

/** Facts of a call that got nowhere. */
function nowhere(over: Partial<Facts>): Facts {
  const call = callTo('https:', HOST, 443)
  const revocation = { standings: [], staple: undefined }
  const hostClock = { isKnown: false, reason: 'the host was not asked' } as const
  const nothing = { route: undefined, direct: undefined, variable: undefined, failure: undefined, protocol: undefined }
  const known = { call, servername: HOST, now: 0, judgedAt: 0, isRecorded: false, revocation, hostClock }
  return {
    ...known,
    ...nothing,
    nodeProblem: undefined,
    chain: undefined,
    secret: undefined,
    policy: undefined,
    ...over,
  }
}

describe('doctor names first', () => {
  // No test asks a resolver outside.
  for (const lookupProblem of ['ENOTFOUND', 'EAI_AGAIN']) {
    it(`a name without an address: ${lookupProblem}`, () => {
      const target = { host: HOST, port: 443, is: 'host' } as const
      const route = { target, proxy: undefined, addresses: [], lookupProblem, attempts: [] }
      const { cause, findings } = diagnose(nowhere({ route }))
      assert.equal(cause?.check, 'dns')
      assert.match(cause.text, new RegExp(lookupProblem))
      assert.deepEqual(new Set(findings.slice(1).map(({ state }) => state)), new Set(['skip', 'ok']))
    })
  }

  it('a port that nobody listens on', async (t) => {
    const server = await serve(t, good)
    await server.close()
    const { doctor } = await consultation(t)
    names(await doctor(server.at), 'tcp', /ECONNREFUSED/)
  })

  it('a server that does not speak TLS', async (t) => {
    const server = await startPlainServer()
    t.after(() => server.close())
    const { doctor } = await consultation(t)
    names(await doctor(`${HOST} --address 127.0.0.1:${server.port}`), 'tls', /does not speak TLS/)
  })

  it('a wrong name', async (t) => {
    const server = await serve(t, await leafOf(issuer, ['www.partner.test', '*.shops.partner.test']))
    const { doctor } = await consultation(t)
    const report = await doctor(server.at)
    names(report, 'host name', /does not name api\.partner\.test, but www\.partner\.test, \*\.shops\.partner\.test/)
    assert.deepEqual([report.states['trust'], report.states['expiry'], server.recording.bytes], ['ok', 'ok', 0])
  })

  it('an expired certificate, and sees by the clock of the host that ours is right', async (t) => {
    const now = Date.now()
    const dates = { notBefore: new Date(now - 90 * DAY_MS), notAfter: new Date(now - 2 * DAY_MS) }
    const server = await serve(t, await leafOf(issuer, [HOST], dates))
    const { doctor } = await consultation(t)
    const report = await doctor(server.at)
    names(report, 'expiry', /the certificate "CN=api\.partner\.test" expired at/)
    assert.deepEqual([report.states['clock'], report.states['trust'], report.states['host name']], ['ok', 'ok', 'ok'])
  })

  it('the deeper one of two: expired, and of another name', async (t) => {
    const notBefore = new Date(Date.now() - 90 * DAY_MS)
    const notAfter = new Date(Date.now() - 2 * DAY_MS)
    const server = await serve(t, await leafOf(issuer, ['old.partner.test'], { notBefore, notAfter }))
    const { doctor } = await consultation(t)
    const report = await doctor(server.at)
    names(report, 'expiry', /expired/)
    assert.equal(report.states['host name'], 'fail')
  })

  for (const [word, skew] of [
    ['fast', 3 * 365 * DAY_MS],
    ['slow', -3 * 365 * DAY_MS],
  ] as const) {
    it(`a clock that is ${word}, and goes on by the host’s`, async (t) => {
      const server = await serve(t, good)
      const { doctor } = await consultation(t, { 'policy.json': pinning(good.pin, stranger.pin) })
      const report = await doctor(`${server.at} --policy policy.json`, { now: () => Date.now() + skew })
      names(report, 'clock', /this clock is wrong/)
      const others = ['expiry', 'chain', 'trust', 'host name', 'pins']
      assert.deepEqual(
        others.map((check) => report.states[check]),
        others.map(() => 'ok'),
      )
    })
  }

  const noFaketime = spawnSync('faketime', ['--version']).error && 'SKIPPED: faketime is not installed'
  it('the clock of a process that lives two years ahead, where Node refuses the dates as well', {
    skip: noFaketime ?? false,
  }, async (t) => {
    const server = await serve(t, good)
    const { folder } = await consultation(t)
    const main = fileURLToPath(new URL('../../lib/cli/main.ts', import.meta.url))
    const argv = [
      '--conditions=@pinned-fetch/source',
      main,
      'doctor',
      ...server.at.split(' '),
      '--ca',
      'root.pem',
      '--json',
    ]
    const stdout = await new Promise<string>((resolve) => {
      execFile('faketime', ['-f', '+2y', process.execPath, ...argv], { cwd: folder, env: {} }, (_error, text) =>
        resolve(text),
      )
    })
    const { cause, checks } = JSON.parse(stdout) as Pick<Report, 'cause' | 'checks'>
    assert.equal(cause?.check, 'clock', stdout)
    assert.deepEqual(
      checks.filter(({ state }) => state === 'fail').map(({ check }) => check),
      ['clock'],
    )
  })

  it('a missing intermediate, and where it is', async (t) => {
    const authority = await startPlainServer({ respond: () => ({ body: issuer.certificate }) })
    t.after(() => authority.close())
    const leaf = await leafOf(issuer, [HOST], { extraExtensions: [issuerAt(`${authority.url}/issuer.crt`)] })
    const server = await serve(t, leaf, [])
    const { doctor } = await consultation(t)
    const report = await doctor(server.at)
    names(report, 'chain', /only the leaf was sent; the issuer .* is missing: "CN=Partner Issuing CA 3"/)
    assert.match(report.stdout, /it may be at http:/)
    assert.deepEqual([authority.recording.requests, server.recording.bytes], [0, 0])

    const fetched = await doctor(`${server.at} --fetch`)
    names(fetched, 'chain', /is missing/)
    assert.match(fetched.stdout, /with it the path verifies/)
    assert.equal(authority.recording.requests, 1)
  })

  it('a root that nobody trusts', async (t) => {
    const server = await serve(t, await leafOf(stranger, [HOST]), [stranger])
    const { doctor } = await consultation(t)
    names(await doctor(server.at), 'trust', /its root "CN=Stranger Root" is not trusted/)
    assert.equal(server.recording.bytes, 0)
  })

  it('a wrong pin, and sends nothing to who has it', async (t) => {
    const server = await serve(t, good)
    const { doctor } = await consultation(t, { 'policy.json': pinning(stranger.pin) })
    const report = await doctor(`${server.at} --policy policy.json`)
    names(report, 'pins', /ERR_PIN_MISMATCH/)
    assert.ok(report.cause?.text.includes(good.pin) && report.cause.text.includes(stranger.pin))
    assert.equal(server.recording.bytes, 0)
  })

  it('a policy that does not cover the host', async (t) => {
    const server = await serve(t, good)
    const policy = JSON.stringify({ version: 1, default: 'deny', hosts: { 'other.test': { pins: [good.pin] } } })
    const { doctor } = await consultation(t, { 'policy.json': policy })
    names(await doctor(`${server.at} --policy policy.json`), 'pins', /ERR_HOST_NOT_COVERED/)
    assert.equal(server.recording.bytes, 0)
  })

  it('a policy that is none', async (t) => {
    const server = await serve(t, good)
    const { doctor } = await consultation(t, { 'policy.json': '{"version":1,"hosts":{"a b":{}}}' })
    names(await doctor(`${server.at} --policy policy.json`), 'pins', /the policy: hosts/)
  })
})

describe('doctor and revocation', () => {
  it('names a revoked certificate first, by the list that its authority publishes', async (t) => {
    let list = ''
    const authority = await startPlainServer({ respond: () => ({ body: list }) })
    t.after(() => authority.close())
    const leaf = await leafOf(issuer, [HOST], { extraExtensions: [listAt(`${authority.url}/issuing.crl`)] })
    const server = await serve(t, leaf)
    const { doctor } = await consultation(t)
    list = revocationList(issuer, [leaf])
    names(await doctor(server.at), 'revocation', /"CN=api\.partner\.test" was revoked at/)
    list = revocationList(issuer, [good])
    assert.deepEqual((await doctor(server.at)).states['revocation'], 'ok')
    // A list by somebody else proves nothing, in neither direction.
    list = revocationList(issuer, [leaf], stranger)
    assert.deepEqual((await doctor(server.at)).states['revocation'], 'warn')
    const asked = authority.recording.requests
    assert.deepEqual((await doctor(`${server.at} --no-fetch`)).states['revocation'], 'skip')
    assert.equal(authority.recording.requests, asked)
  })

  it('says why a list was not to be had', async (t) => {
    const authority = await startPlainServer({ respond: () => ({ status: 404 }) })
    t.after(() => authority.close())
    const leaf = await leafOf(issuer, [HOST], { extraExtensions: [listAt(`${authority.url}/issuing.crl`)] })
    const { doctor } = await consultation(t)
    const report = await doctor((await serve(t, leaf)).at)
    assert.deepEqual([report.states['revocation'], report.exitCode], ['warn', 0])
    assert.match(report.stdout, /no list from http:.*issuing\.crl: it answers 404/)
  })

  for (const [status, state, text] of [
    ['V', 'ok', /the staple, signed by its issuer, says that the certificate of the host is good/],
    ['R', 'fail', /the host’s own staple says that its certificate is revoked/],
  ] as const) {
    it(`reads a staple that openssl made: ${status === 'V' ? 'good' : 'revoked'}`, { skip: NO_OPENSSL }, async (t) => {
      const { folder, doctor } = await consultation(t)
      const port = await stapling(t, good, stapleOf(folder, good, status))
      const report = await doctor(`${HOST} --address 127.0.0.1:${port} --no-send-request`)
      assert.equal(report.states['revocation'], state, report.stdout)
      assert.match(report.checks.find(({ check }) => check === 'revocation')?.text ?? '', text)
    })
  }

  it('does not believe a staple that a stranger signed, nor one of another certificate', {
    skip: NO_OPENSSL,
  }, async (t) => {
    const { folder, doctor } = await consultation(t)
    const stranger = await rootAuthority('Stranger')
    const other = await leafOf(issuer, [HOST])
    for (const [staple, text] of [
      [stapleOf(folder, good, 'V', stranger), /the staple says good, but nobody who may say so has signed it/],
      [stapleOf(folder, other, 'V'), /the staple is unknown/],
    ] as const) {
      const report = await doctor(`${HOST} --address 127.0.0.1:${await stapling(t, good, staple)} --no-send-request`)
      assert.equal(report.states['revocation'], 'skip', report.stdout)
      assert.match(report.checks.find(({ check }) => check === 'revocation')?.text ?? '', text)
    }
  })

  it('believes a responder that the issuer has named for it, and no other of its leaves', {
    skip: NO_OPENSSL,
  }, async (t) => {
    const { folder, doctor } = await consultation(t)
    for (const [usage, state] of [
      ['1.3.6.1.5.5.7.3.9', 'ok'],
      ['1.3.6.1.5.5.7.3.1', 'skip'],
    ] as const) {
      const responder = await leafOf(issuer, ['ocsp.example'], { extendedKeyUsage: [usage] })
      const staple = stapleOf(folder, good, 'V', responder)
      const report = await doctor(`${HOST} --address 127.0.0.1:${await stapling(t, good, staple)} --no-send-request`)
      assert.equal(report.states['revocation'], state, report.stdout)
    }
  })

  it('reads a list of a file', async (t) => {
    const server = await serve(t, good)
    const { doctor } = await consultation(t, { 'issuing.crl': revocationList(issuer, [good]) })
    names(await doctor(`${server.at} --crl issuing.crl`), 'revocation', /issuing\.crl/)
  })

  const DATA = fileURLToPath(new URL('../../../shared/data/revocation/', import.meta.url))
  const skip = !existsSync(DATA) && 'SKIPPED: the recorded lists are not there'
  for (const [name, lists, expected] of [
    ['revoked', ['e2m03.crl', 'rootca3.crl'], 'revocation'],
    ['expired', ['e2m02.crl', 'rootca3.crl'], 'expiry'],
    ['valid', ['e2m03.crl', 'rootca3.crl'], undefined],
    // The list of another authority says nothing.
    ['revoked', ['e2m02.crl'], undefined],
  ] as const) {
    it(`of a public authority, recorded: ${name} by ${lists.join(' and ')}`, { skip }, async () => {
      const host = `${name}.rootca3.demo.amazontrust.com`
      const crls = lists.map((list) => `--crl ${list}`).join(' ')
      const line = `pinned-fetch doctor ${host} --chain ${host}.chain.pem --ca rootca3.pem ${crls} --at 2025-02-25T00:00:00Z --json`
      const { stdout, stderr } = await runCommand(line, DATA)
      assert.equal(stderr, '')
      assert.equal(JSON.parse(stdout).cause?.check, expected)
    })
  }
})
