/**
 * The probe as it is deployed: bundled as the stack bundles it, under Lambda's runtime, with the real SDK and real hosts.
 */

import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import type { Summary } from '../../functions/probe/summary.ts'
import { seal } from '../../lib/cli/sign/seal.ts'
import { METRIC_NAMESPACE } from '../../lib/events.ts'
import { parseVerifyKey } from '../../lib/source/verify-key.ts'
import { bundleFunctions } from '../lambda/bundle.ts'
import { type Line, only } from '../lambda/metrics-lines.ts'
import { leafOf } from '../support/authority.ts'
import type { TlsServer } from '../support/tls-server.ts'
import { inDays, metricLines, metricsOf, probeScene, warnings } from './probe-scene.ts'

const bundles = bundleFunctions('probe')
const scene = await probeScene(bundles.taskRoot)
const { issuer, leaf, privateRoot, stranger, put } = scene
after(async () => {
  await scene.close()
  bundles.remove()
})

const CLOSED = 'localhost:1'

describe('the probe, of a policy with hosts of every kind', () => {
  const places: Record<string, string> = {}
  const servers: TlsServer[] = []
  const outcome: { summary?: Summary; lines: readonly Line[]; stdout: readonly string[]; version?: string } = {
    lines: [],
    stdout: [],
  }

  before(async () => {
    const expired = await leafOf(issuer, ['localhost'], { notBefore: inDays(-90), notAfter: inDays(-2) })
    const own = await leafOf(privateRoot, ['localhost'])
    const kinds = { fine: leaf, drifted: leaf, wrong: leaf, expired, reported: leaf, own, lapsed: leaf, relaxed: leaf }
    for (const [name, held] of Object.entries(kinds)) {
      const { place, server } = await scene.serve(held, held === own ? privateRoot : issuer)
      places[name] = place
      servers.push(server)
    }
    const at = (name: string) => places[name] ?? ''
    const both = [leaf.pin, stranger.pin]
    const soon = { sha256: issuer.pin.slice('sha256/'.length), expires: inDays(40.5).toISOString() }
    outcome.version = put({
      version: 1,
      serial: 7,
      hosts: {
        [at('fine')]: { pins: [{ sha256: leaf.pin.slice('sha256/'.length), name: 'key of today' }, stranger.pin] },
        [at('drifted')]: { pins: [stranger.pin, leaf.pin] },
        [at('wrong')]: { pins: [stranger.pin, privateRoot.pin] },
        [at('expired')]: { pins: [issuer.pin, stranger.pin] },
        [at('reported')]: { pins: [stranger.pin, privateRoot.pin], mode: 'report' },
        [at('own')]: { pins: [own.pin, stranger.pin], anchors: [privateRoot.certificate] },
        [at('lapsed')]: { pins: both, expires: inDays(-3.5).toISOString() },
        [at('relaxed')]: { pins: [soon], expires: inDays(60.5).toISOString(), onExpiry: 'report' },
        [CLOSED]: { pins: both, expires: inDays(10.5).toISOString() },
      },
    })
    const running = await scene.start()
    const { kind, body, text } = await running.invoke({ source: 'aws.events' })
    assert.equal(kind, 'response', text)
    Object.assign(outcome, { summary: body, stdout: running.stdout, lines: metricLines(running.stdout) })
  })

  const metrics = (name: string) => metricsOf(outcome.lines, places[name] ?? name)
  const lineOf = (name: string) => only(outcome.lines.filter(({ host }) => host === (places[name] ?? name)))

  it('answers what it saw of each', () => {
    const { summary } = outcome
    assert.deepEqual(summary?.policy, { source: 'secret "prod/partner-pins"', version: outcome.version, serial: 7 })
    assert.deepEqual(summary?.counts, { accepted: 5, reported: 1, refused: 2, unreachable: 1 })
    const seen = Object.fromEntries(
      summary?.hosts.map(({ host, state, code }) => [host, `${state} ${code ?? ''}`]) ?? [],
    )
    assert.deepEqual(seen, {
      [places['fine'] ?? '']: 'accepted ',
      [places['drifted'] ?? '']: 'accepted ',
      [places['wrong'] ?? '']: 'refused ERR_PIN_MISMATCH',
      [places['expired'] ?? '']: 'refused CERT_HAS_EXPIRED',
      [places['reported'] ?? '']: 'reported ERR_PIN_MISMATCH',
      [places['own'] ?? '']: 'accepted ',
      [places['lapsed'] ?? '']: 'accepted ',
      [places['relaxed'] ?? '']: 'accepted ',
      [CLOSED]: 'unreachable ECONNREFUSED',
    })
  })

  it('has sent no byte to any of them, over one connection each', () => {
    for (const { recording } of servers) {
      assert.deepEqual([recording.connections, recording.bytes, recording.requests], [1, 0, 0])
    }
  })

  it('writes one line for each host, for the service and for service and host', () => {
    assert.equal(outcome.lines.length, 9)
    for (const line of outcome.lines) {
      const [directive] = line._aws.CloudWatchMetrics
      assert.equal(directive.Namespace, METRIC_NAMESPACE)
      assert.deepEqual(directive.Dimensions, [['service'], ['service', 'host']])
      assert.equal(line['service'], 'partner-guard')
    }
  })

  it('tells that a host is accepted, by which pin, and how long all lasts', () => {
    assert.deepEqual(metrics('fine'), {
      ProbeRefused: 0,
      ProbeUnreachable: 0,
      PinDrift: 0,
      UnseenPins: 1,
      DaysToCertificateExpiry: 100,
    })
    const { level, state, pin, pinName } = lineOf('fine')
    assert.deepEqual(
      { level, state, pin, pinName },
      {
        level: 'INFO',
        state: 'accepted',
        pin: leaf.pin,
        pinName: 'key of today',
      },
    )
  })

  it('tells that only a backup matches', () => {
    assert.deepEqual([metrics('drifted')['PinDrift'], metrics('drifted')['ProbeRefused']], [1, 0])
    assert.ok(outcome.summary?.hosts.some(({ host, isDrifted }) => host === places['drifted'] && isDrifted === true))
    assert.ok(
      warnings(outcome.stdout).some(({ code, message }) => code === 'backup-matched' && /rotation/.test(message)),
    )
  })

  it('tells that a call would be refused for its pins, with what was presented and expected', () => {
    const { level, code, message } = lineOf('wrong')
    assert.equal(metrics('wrong')['ProbeRefused'], 1)
    assert.deepEqual([level, code], ['ERROR', 'ERR_PIN_MISMATCH'])
    assert.ok(String(message).includes(leaf.pin) && String(message).includes(stranger.pin))
  })

  it('tells that Node refuses a certificate, and takes no date from it', () => {
    assert.deepEqual(metrics('expired'), { ProbeRefused: 1, ProbeUnreachable: 0, PinDrift: 0 })
    assert.match(String(lineOf('expired')['message']), /expired since/)
  })

  it('tells what mode "report" lets through, and does not count it as refused', () => {
    assert.deepEqual([metrics('reported')['ProbeRefused'], lineOf('reported')['state']], [0, 'reported'])
  })

  it('trusts for an entry with anchors those alone', () => {
    assert.equal(metrics('own')['ProbeRefused'], 0)
  })

  it('tells the days to the end of an entry and of its pins: negative past it', () => {
    assert.deepEqual([metrics('lapsed')['DaysToEntryExpiry'], metrics('lapsed')['DaysToPinExpiry']], [-4, -4])
    assert.deepEqual([metrics('relaxed')['DaysToEntryExpiry'], metrics('relaxed')['DaysToPinExpiry']], [60, 40])
    assert.equal(metrics('relaxed')['UnseenPins'], 0)
  })

  it('tells that a host could not be asked, and what is known of it without', () => {
    assert.deepEqual(metrics(CLOSED), {
      ProbeRefused: 0,
      ProbeUnreachable: 1,
      PinDrift: 0,
      DaysToPinExpiry: 10,
      DaysToEntryExpiry: 10,
    })
    assert.deepEqual([lineOf(CLOSED)['level'], lineOf(CLOSED)['code']], ['ERROR', 'ECONNREFUSED'])
  })

  it('warns of what is wrong with the policy, with the place in it', () => {
    const told = warnings(outcome.stdout).map(({ code, message }) => `${code} ${message}`)
    assert.ok(told.some((line) => line.startsWith('expired-host hosts["')))
    assert.ok(told.some((line) => line.startsWith('no-backup-pin hosts["')))
    assert.ok(told.some((line) => line.startsWith('report-mode-on hosts["')))
  })
})

describe('the probe, invoked again', () => {
  it('reads the secret anew, and nothing is left of the run before', async () => {
    const { place, server } = await scene.serve()
    put({ version: 1, hosts: { [place]: { pins: [leaf.pin, stranger.pin] } } })
    const running = await scene.start()
    const first = (await running.invoke({})).body as Summary
    assert.deepEqual(first.counts, { accepted: 1, reported: 0, refused: 0, unreachable: 0 })
    const version = put({ version: 1, hosts: { [place]: { pins: [stranger.pin, privateRoot.pin] } } })
    const second = (await running.invoke({})).body as Summary
    assert.deepEqual([second.counts.refused, second.policy.version], [1, version])
    assert.equal(metricLines(running.stdout).length, 2)
    assert.deepEqual([server.recording.connections, server.recording.bytes], [2, 0])
  })
})

describe('the probe, of wildcards', () => {
  it('warns when there is nothing to look at, and ends well', async () => {
    put({ version: 1, hosts: { '*.partner.example': { pins: [leaf.pin, stranger.pin] } } })
    const running = await scene.start({ PINNED_FETCH_PROBE_HOSTS: '["", 7, "localhost:0"]' })
    const { kind, body } = await running.invoke({})
    assert.equal(kind, 'response')
    assert.deepEqual((body as Summary).unseen, ['*.partner.example'])
    const told = warnings(running.stdout)
    assert.equal(told.filter(({ code }) => code === 'probe-hosts-unreadable').length, 3)
    assert.match(only(told.filter(({ code }) => code === 'probe-saw-nothing')).message, /"\*\.partner\.example"/)
    assert.deepEqual(metricLines(running.stdout), [])
  })
})

describe('the probe, of a policy that must be signed', () => {
  const keys = generateKeyPairSync('ed25519')
  const other = generateKeyPairSync('ed25519')
  const pemOf = ({ publicKey }: typeof keys) => publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const PINNED_FETCH_VERIFY_KEYS = pemOf(other) + pemOf(keys)
  const sealed = async (document: unknown, by: typeof keys) => {
    const verifyKey = parseVerifyKey(pemOf(by))
    assert.ok(verifyKey)
    return await seal(document, { verifyKey, sign: async (bytes) => sign(null, bytes, by.privateKey) }, undefined)
  }

  it('takes it when one of the keys has signed it', async () => {
    const { place } = await scene.serve()
    put(await sealed({ version: 1, serial: 3, hosts: { [place]: { pins: [leaf.pin, stranger.pin] } } }, keys))
    const running = await scene.start({ PINNED_FETCH_VERIFY_KEYS })
    const { body, text } = await running.invoke({})
    assert.equal((body as Summary).counts?.accepted, 1, text)
  })

  it('fails on one that is not, or that a stranger signed, and asks no host', async () => {
    const { place, server } = await scene.serve()
    const document = { version: 1, serial: 3, hosts: { [place]: { pins: [leaf.pin, stranger.pin] } } }
    const running = await scene.start({ PINNED_FETCH_VERIFY_KEYS })
    for (const written of [document, await sealed(document, generateKeyPairSync('ed25519'))]) {
      put(written)
      const { kind } = await running.invoke({})
      assert.equal(kind, 'error')
    }
    const codes = metricLines(running.stdout).map((line) => [line['PolicyRefreshFailure'], line['code']])
    assert.deepEqual(codes, [
      [1, 'ERR_POLICY_SIGNATURE'],
      [1, 'ERR_POLICY_SIGNATURE'],
    ])
    assert.equal(server.recording.connections, 0)
  })

  it('fails when a key can’t be read: it never goes on with fewer', async () => {
    const running = await scene.start({ PINNED_FETCH_VERIFY_KEYS: `${pemOf(keys)}nonsense` })
    const { kind, text } = await running.invoke({})
    assert.equal(kind, 'error')
    assert.match(text, /PINNED_FETCH_VERIFY_KEYS/)
  })
})

describe('the probe, without a policy', () => {
  const failure = async (running: Awaited<ReturnType<typeof scene.start>>, timeoutMs?: number) => {
    const { kind, text } = await running.invoke({}, timeoutMs === undefined ? {} : { timeoutMs })
    assert.equal(kind, 'error', text)
    const { PolicyRefreshFailure, code, level } = only(metricLines(running.stdout))
    assert.deepEqual([PolicyRefreshFailure, level], [1, 'ERROR'])
    return { code, text, printed: [...running.stdout, ...running.stderr, text].join('\n') }
  }

  it('fails on a malformed one, naming the place, and quotes nothing of it', async () => {
    put({ version: 1, hosts: { 'api.partner.example': { pins: ['sha256/not-a-pin-but-a-password'] } } })
    const { code, text, printed } = await failure(await scene.start())
    assert.equal(code, 'ERR_POLICY_MALFORMED')
    assert.match(text, /api\.partner\.example/)
    assert.ok(!printed.includes('not-a-pin-but-a-password'))
  })

  it('fails when there is no secret', async () => {
    const { code, text } = await failure(await scene.start({ PINNED_FETCH_SECRET_ID: 'prod/other' }))
    assert.equal(code, 'ERR_POLICY_UNAVAILABLE')
    assert.match(text, /ResourceNotFoundException/)
  })

  it('fails when it is not told which secret', async () => {
    const { code } = await failure(await scene.start({ PINNED_FETCH_SECRET_ID: '' }))
    assert.equal(code, 'ERR_CONFIGURATION')
  })

  it('fails in its time when Secrets Manager does not answer', async (t) => {
    scene.secrets.hang()
    t.after(() => scene.secrets.recover())
    const { code } = await failure(await scene.start(), 3_100)
    assert.equal(code, 'ERR_POLICY_UNAVAILABLE')
  })
})
