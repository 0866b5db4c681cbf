import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { intermediateOf, leafOf, mint, presented, rootAuthority } from '../support/authority.ts'
import { startConnectProxy } from '../support/connect-proxy.ts'
import { listen } from '../support/listen.ts'
import { startPlainServer } from '../support/plain-server.ts'
import { startTlsServer } from '../support/tls-server.ts'
import { playTranscript, runCommand } from './transcript.ts'

const HOST = 'api.partner.example'
const DAY_MS = 86_400_000

const root = await rootAuthority('Partner Root', { subject: 'CN=Partner Root, O=Partner' })
const issuing = await intermediateOf(root, 'Partner CA', { kind: 'p384' })
const leaf = await leafOf(issuing, [HOST, '*.partner.example'])
const past = { notBefore: new Date(Date.now() - 30 * DAY_MS), notAfter: new Date(Date.now() - DAY_MS) }
const expired = await leafOf(issuing, ['old.partner.example'], past)
const next = await rootAuthority('Next Root')
// The issuing CA is certified by both roots, so no root stands in every path.
const issuingByNext = await mint({ subject: issuing.subject, keys: issuing, ca: true, issuer: next })

const server = await startTlsServer(presented(leaf, issuing))
server.presentFor('old.partner.example', presented(expired, issuing))
server.presentFor('two.partner.example', presented(leaf, issuing, issuingByNext))
// A server of its own: Node 22 completes what a name presents with the chain that everyone else gets.
const shortServer = await startTlsServer(presented(leaf))
const plainServer = await startPlainServer()
const proxy = await startConnectProxy({ credentials: 'me:secret', routes: { [HOST]: server.port } })
const closed = createServer()
const closedPort = await listen(closed)
closed.close()
after(() => Promise.all([server.close(), shortServer.close(), plainServer.close(), proxy.close()]))

const dayOf = (pem: string) => new Date(new X509Certificate(pem).validTo).toISOString().slice(0, 10)

const variables = {
  PORT: String(server.port),
  SHORT_PORT: String(shortServer.port),
  PLAIN_PORT: String(plainServer.port),
  CLOSED_PORT: String(closedPort),
  PROXY_PORT: String(proxy.port),
  LEAF_PIN: leaf.pin,
  LEAF_KEY: leaf.privateKey,
  CA_PIN: issuing.pin,
  CA_DIGEST: issuing.pin.slice('sha256/'.length),
  ROOT_PIN: root.pin,
  ROOT_DIGEST: root.pin.slice('sha256/'.length),
  NEXT_PIN: next.pin,
  NEXT_DIGEST: next.pin.slice('sha256/'.length),
  EXPIRED_PIN: expired.pin,
  UNTIL: dayOf(root.certificate),
  PAST: dayOf(expired.certificate),
  ROOT_PEM: root.certificate,
  NEXT_PEM: next.certificate,
  CHAIN_PEM: [leaf, issuing, root].map(({ certificate }) => certificate).join('\n'),
  ROOT_IN_JSON: JSON.stringify(root.certificate),
}

for (const name of ['pin', 'pin-refused', 'pin-files']) {
  test(`pinned-fetch: ${name}.txt`, async () => {
    await playTranscript(new URL(`${name}.txt`, import.meta.url), { variables, env: { NO_PROXY: 'x' } })
  })
}

test('pinned-fetch pin prints no character of a stranger that a terminal would obey', async (t) => {
  const evil = await leafOf(issuing, ['evil.partner.example'], { subject: 'CN=\u202eevil\u009b2J\u001b]0;owned\u0007' })
  const strange = await startTlsServer(presented(evil, await rootAuthority('\u001b[2JStranger')))
  t.after(() => strange.close())
  const [place, ca] = [`evil.partner.example --address 127.0.0.1:${strange.port}`, `--ca ${caFile(t)}`]
  for (const words of [
    place,
    `${place} --json`,
    `${place} ${ca}`,
    `other.example --address 127.0.0.1:${strange.port} ${ca}`,
  ]) {
    const { stdout, stderr } = await runCommand(`pinned-fetch pin ${words}`, process.cwd())
    assert.match(stdout, /evil/)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
    assert.doesNotMatch(`${stdout}${stderr}`, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/)
  }
})

function caFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'pinned-fetch-pin-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'ca.pem'), `${root.certificate}\n${issuing.certificate}`)
  return join(folder, 'ca.pem')
}

test('pinned-fetch pin sends nothing to a host', async () => {
  await server.whenConnectionsClosed()
  const { bytes, connections } = server.recording
  assert.equal(bytes, 0)
  assert.ok(connections >= 5, `${connections} connections`)
})
