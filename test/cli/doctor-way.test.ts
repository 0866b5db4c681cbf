/**
 * `doctor` where something stands in the way: no permission for the secret, a proxy. And what it gives away.
 */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { leafOf, rootAuthority } from '../support/authority.ts'
import { refusal, startConnectProxy } from '../support/connect-proxy.ts'
import { startPlainServer } from '../support/plain-server.ts'
import { awsEnvironment, startSecretsEndpoint } from '../support/secrets-endpoint.ts'
import { consultation, DAY_MS, HOST, issuer, names, pinning, serve } from './doctor-scene.ts'

const good = await leafOf(issuer, [HOST])
const stranger = await rootAuthority('Stranger Root')

describe('doctor and a policy in Secrets Manager', () => {
  for (const [code, todo] of [
    ['AccessDeniedException', /grant yourself secretsmanager:GetSecretValue/],
    ['DecryptionFailure', /kms:Decrypt/],
    ['ResourceNotFoundException', /name and at the region/],
  ] as const) {
    it(`names ${code} first`, async (t) => {
      const endpoint = await startSecretsEndpoint()
      t.after(() => endpoint.close())
      endpoint.put('prod/pins', pinning(good.pin))
      endpoint.fail({ code, message: 'User: arn:aws:iam::123456789012:user/ann is not authorized' })
      const server = await serve(t, good)
      const { doctor } = await consultation(t)
      const env = { ...awsEnvironment(endpoint), AWS_MAX_ATTEMPTS: '1' }
      const report = await doctor(`${server.at} --policy secret:prod/pins`, { env })
      names(report, 'secret', new RegExp(code))
      assert.match(report.checks.find(({ check }) => check === 'secret')?.todo ?? '', todo)
      assert.doesNotMatch(report.stdout, /user\/ann/)
      assert.equal(server.recording.bytes, 0, 'what is pinned is not known, so nothing is sent')
    })
  }

  it('tells the age of the version in use, and judges by it', async (t) => {
    const endpoint = await startSecretsEndpoint()
    t.after(() => endpoint.close())
    endpoint.put('prod/pins', pinning(good.pin), { created: new Date(Date.now() - 400 * DAY_MS) })
    const server = await serve(t, good)
    const { doctor } = await consultation(t)
    const env = { ...awsEnvironment(endpoint), AWS_MAX_ATTEMPTS: '1' }
    const report = await doctor(`${server.at} --policy secret:prod/pins`, { env })
    assert.deepEqual([report.states['secret'], report.states['pins'], report.exitCode], ['warn', 'ok', 0])
    assert.match(report.stdout, /written 400 days ago/)
    assert.deepEqual(
      endpoint.requests.map(({ action }) => action),
      ['GetSecretValue'],
    )
  })
})

describe('doctor and a proxy in the way', () => {
  it('names one that wants credentials', async (t) => {
    const server = await serve(t, good)
    const proxy = await startConnectProxy({ credentials: 'ann:secret' })
    t.after(() => proxy.close())
    const { doctor } = await consultation(t)
    const report = await doctor(`${server.at} --proxy http://ann:wrong-password@127.0.0.1:${proxy.port}`)
    names(report, 'proxy', /makes no tunnel: it answered 407/)
    assert.doesNotMatch(report.stdout, /wrong-password/)
  })

  it('names one that does not let the host through', async (t) => {
    const server = await serve(t, good)
    const proxy = await startConnectProxy({ answer: () => refusal(403) })
    t.after(() => proxy.close())
    const { doctor } = await consultation(t)
    names(await doctor(`${server.at} --proxy http://127.0.0.1:${proxy.port}`), 'proxy', /it answered 403/)
  })

  it('goes through one that lets it through, with its request for the date', async (t) => {
    const server = await serve(t, good)
    const proxy = await startConnectProxy()
    t.after(() => proxy.close())
    const { doctor } = await consultation(t)
    const env = { https_proxy: `127.0.0.1:${proxy.port}` }
    const report = await doctor(`${server.at} --proxy environment`, { env })
    assert.deepEqual([report.cause, report.states['clock']], [null, 'ok'], report.stdout)
    assert.equal(server.recording.requests, 1)
    assert.equal(proxy.recording.requests.length, 0)
  })

  it('names the one that is the only way out, which a guard does not take unasked', async (t) => {
    const server = await serve(t, await leafOf(issuer, ['localhost']))
    const closed = await startPlainServer()
    await closed.close()
    const proxy = await startConnectProxy({ routes: { localhost: server.port } })
    t.after(() => proxy.close())
    const { doctor } = await consultation(t)
    const report = await doctor(`localhost:${closed.port}`, { env: { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` } })
    names(report, 'proxy', /only http:\/\/127\.0\.0\.1:\d+ leads there, which HTTPS_PROXY names/)
    assert.deepEqual([report.states['tcp'], report.states['tls'], report.states['trust']], ['warn', 'ok', 'ok'])
  })

  it('names one that opens TLS, when the host shows something else directly', async (t) => {
    const server = await serve(t, good)
    const forged = await leafOf(stranger, [HOST])
    const intercept = { key: forged.privateKey, chain: [forged.certificate, stranger.certificate] }
    const bytes = 'HTTP/1.1 200 OK\r\n\r\n'
    const proxy = await startConnectProxy({ answer: () => ({ bytes, next: { intercept } }) })
    t.after(() => proxy.close())
    const { doctor } = await consultation(t)
    const report = await doctor(`${server.at} --proxy http://127.0.0.1:${proxy.port}`)
    names(report, 'proxy', /shows certificates of its own in place of the host’s/)
    assert.equal(report.states['trust'], 'fail')
  })
})

describe('a bundle of doctor', () => {
  it('holds the findings and the certificates, and nothing that is secret', async (t) => {
    const endpoint = await startSecretsEndpoint()
    t.after(() => endpoint.close())
    endpoint.fail({ code: 'AccessDeniedException', message: 'User: arn:aws:iam::123456789012:user/ann-of-iam' })
    const server = await serve(t, good)
    const proxy = await startConnectProxy()
    t.after(() => proxy.close())
    const { doctor, folder } = await consultation(t)
    const env = {
      ...awsEnvironment(endpoint),
      AWS_MAX_ATTEMPTS: '1',
      HTTPS_PROXY: `http://ann-of-proxy:password-of-ann@127.0.0.1:${proxy.port}`,
    }
    const url = `https://bob-of-url:password-of-bob@${HOST}/private-path?token-of-query=1`
    const options = `--address 127.0.0.1:${server.port} --policy secret:prod/pins --proxy environment --bundle report.json`
    await doctor(`${url} ${options}`, { env })
    const text = readFileSync(join(folder, 'report.json'), 'utf8')
    const bundle = JSON.parse(text)
    assert.equal(bundle.cause.check, 'secret')
    assert.equal(bundle.certificates.length, 2)
    assert.equal(bundle.proxyVariable, 'HTTPS_PROXY')
    assert.equal(bundle.secret.problem, 'AccessDeniedException')
    assert.equal(bundle.route.proxy, `http://127.0.0.1:${proxy.port}`)
    const secrets = [
      'ann-of',
      'password-of',
      'bob-of',
      'private-path',
      'token-of',
      ...Object.values(awsEnvironment(endpoint)).slice(2),
      folder,
    ]
    for (const secret of secrets) assert.ok(!text.includes(secret), `${secret} is in the bundle`)
    assert.doesNotMatch(text, /PRIVATE KEY|arn:aws/)
  })
})
