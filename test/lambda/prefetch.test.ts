import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import type { RunningFunction } from '../support/lambda-runtime.ts'
import { bundleFixtures } from './bundle.ts'
import type { Call, CallsResult } from './fixtures/calls.ts'
import { HOST, pinned, prepareScene, SECRET_ID } from './scene.ts'

const bundles = bundleFixtures('calls')
after(() => bundles.remove())

/** What Lambda gives a function by default. */
const TIMEOUT_MS = 3_000

/** The status or the code that each call ended with, and the time left when all had. */
async function outcomes(running: RunningFunction, calls: readonly Call[], timeoutMs = TIMEOUT_MS) {
  const { kind, body, text } = await running.invoke({ calls }, { timeoutMs })
  assert.equal(kind, 'response', text)
  const { answers, remaining } = body as CallsResult
  return { ended: answers.map((answer) => ('code' in answer ? answer.code : answer.status)), remaining, text }
}

describe('in the INIT phase', () => {
  test('the secret is asked for before any invocation has come, and not again by the first one', async (t) => {
    const { secrets, url, start } = await prepareScene(t, bundles)
    const asked = secrets.whenRequested()
    const running = await start('calls')
    assert.equal((await asked).secretId, SECRET_ID)
    assert.deepEqual((await outcomes(running, [{ url: url() }])).ended, [200])
    assert.equal(secrets.requests.length, 1)
  })

  test('with disablePrefetch nothing is asked until an invocation comes', async (t) => {
    const { secrets, url, start } = await prepareScene(t, bundles)
    const running = await start('calls', { guard: { disablePrefetch: true } })
    await running.whenPrinted(/"loaded"/)
    // Another function starts and asks, so the first one had all the time it needs to ask as well.
    secrets.put(
      'witness',
      JSON.stringify({ version: 1, hosts: pinned('sha256/klO23nT2ehFDXCfx3eHTDRESMz3asj1muO+4aIdjiuY=') }),
    )
    const witnessed = secrets.whenRequested()
    await start('calls', { guard: { secretId: 'witness' } })
    assert.equal((await witnessed).secretId, 'witness')
    assert.equal(secrets.requests.length, 1)
    assert.deepEqual((await outcomes(running, [{ url: url() }])).ended, [200])
    assert.equal(secrets.requests.length, 2)
  })

  test('a load that failed is tried again by the first invocation, whose call succeeds', async (t) => {
    const { secrets, url, start } = await prepareScene(t, bundles)
    secrets.fail({ code: 'InternalServiceError' })
    const running = await start('calls')
    await running.whenPrinted(/"PolicyRefreshFailure"/)
    secrets.recover()
    assert.deepEqual((await outcomes(running, [{ url: url() }])).ended, [200])
  })

  test('a connection to a preconnect host is opened and judged, and the first call needs no handshake of its own', async (t) => {
    const { partner, url, start } = await prepareScene(t, bundles)
    const shaken = partner.whenHandshaken()
    const running = await start('calls', { guard: { preconnect: [`${HOST}:${partner.port}`] } })
    assert.equal((await shaken).servername, HOST)
    assert.deepEqual((await outcomes(running, [{ url: url() }])).ended, [200])
    // On a machine so slow that the INIT phase looks like a freeze, the call resumes the session instead.
    assert.equal(partner.recording.handshakes - partner.recording.resumed, 1)
  })
})

describe('a secret that cannot be used', () => {
  const cases = {
    missing: { code: 'ERR_POLICY_UNAVAILABLE', says: /ResourceNotFoundException/ },
    malformed: { code: 'ERR_POLICY_MALFORMED', says: /is not JSON/ },
    denied: { code: 'ERR_POLICY_UNAVAILABLE', says: /secretsmanager:GetSecretValue/ },
  } as const
  for (const [how, { code, says }] of Object.entries(cases)) {
    test(`and is ${how}: the function starts, its calls fail with the reason, and it works once the secret does`, async (t) => {
      const { partner, secrets, url, storePins, start } = await prepareScene(t, bundles)
      if (how === 'missing') secrets.remove(SECRET_ID)
      if (how === 'malformed') secrets.put(SECRET_ID, '{ "hosts": ')
      if (how === 'denied') secrets.fail({ code: 'AccessDeniedException', message: 'not authorized' })
      const running = await start('calls')
      const { kind, body, text } = await running.invoke({ calls: [{ url: url() }, { url: url() }] })
      assert.equal(kind, 'response', text)
      for (const answer of (body as CallsResult).answers) {
        assert.ok('code' in answer)
        assert.equal(answer.code, code)
        assert.match(answer.message, says)
      }
      assert.equal(running.initError, undefined)
      assert.equal(partner.recording.connections, 0)
      secrets.recover()
      storePins()
      assert.deepEqual((await outcomes(running, [{ url: url() }])).ended, [200])
    })
  }
})

describe('while Secrets Manager does not answer', { concurrency: true }, () => {
  test('a call is refused while the handler still has time to answer', async (t) => {
    const { secrets, url, start } = await prepareScene(t, bundles)
    secrets.hang()
    const running = await start('calls')
    const { ended, remaining, text } = await outcomes(running, [{ url: url() }])
    assert.deepEqual(ended, ['ERR_POLICY_UNAVAILABLE'])
    assert.match(text, /no answer within/)
    assert.doesNotMatch(text, /TypeError/)
    assert.ok(remaining > 0, `${remaining} ms`)
  })

  test('so are all of several calls, one after the other', async (t) => {
    const { secrets, url, start } = await prepareScene(t, bundles)
    secrets.hang()
    const running = await start('calls')
    const { ended, remaining, text } = await outcomes(running, [{ url: url() }, { url: url(), surface: 'dispatcher' }])
    assert.deepEqual(ended, ['ERR_POLICY_UNAVAILABLE', 'ERR_POLICY_UNAVAILABLE'])
    assert.match(text, /no answer within/)
    assert.doesNotMatch(text, /TypeError/)
    assert.ok(remaining > 0, `${remaining} ms`)
  })

  test('so is the call of a function whose timeout is shorter than the load that began in INIT may take', async (t) => {
    const { secrets, url, start } = await prepareScene(t, bundles)
    secrets.hang()
    const running = await start('calls')
    await running.whenPrinted(/"loaded"/)
    const { ended, remaining, text } = await outcomes(running, [{ url: url() }], 1_000)
    assert.deepEqual(ended, ['ERR_POLICY_UNAVAILABLE'])
    assert.match(text, /no answer within/)
    assert.doesNotMatch(text, /TypeError/)
    assert.ok(remaining > 0, `${remaining} ms`)
  })
})
