/**
 * `pinned-fetch pin`, as a process of its own, on servers that somebody else wrote.
 */

import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { splitPem } from '../../lib/x509/trust-set.ts'
import { intermediateOf, type KeyKind, leafOf, rootAuthority } from '../support/authority.ts'
import { Lines } from '../support/lines.ts'
import { listen } from '../support/listen.ts'
import { NO_OPENSSL, openssl, pinByOpenssl } from './openssl.ts'

const MAIN = fileURLToPath(new URL('../../lib/cli/main.ts', import.meta.url))
const HOST = 'api.partner.example'

const NO_NGINX =
  spawnSync('nginx', ['-v']).status === 0
    ? false
    : 'SKIPPED: nginx is not installed: sh test/support/packages.sh nginx-light'

const folder = mkdtempSync(join(tmpdir(), 'pinned-fetch-pin-'))
after(() => rmSync(folder, { recursive: true }))

const root = await rootAuthority('Served Root')
const issuing = await intermediateOf(root, 'Served CA')
writeFileSync(join(folder, 'root.pem'), root.certificate)
writeFileSync(join(folder, 'issuing.pem'), issuing.certificate)

for (const kind of ['p256', 'rsa2048'] as const) {
  const leaf = await leafOf(issuing, [HOST], { kind })
  const file = (name: string, text: string) => writeFileSync(join(folder, `${kind}.${name}`), text)
  file('leaf.pem', leaf.certificate)
  file('chain.pem', `${leaf.certificate}\n${issuing.certificate}\n`)
  file('key.pem', leaf.privateKey)

  describe(`pinned-fetch pin on a server with a key of ${kind}`, { skip: NO_OPENSSL }, () => {
    it('openssl s_server', async (t) => assertPins(await startOpenssl(t, kind)))
    it('nginx', { skip: NO_NGINX }, async (t) => assertPins(await startNginx(t, kind)))
  })
}

/** What it prints is what openssl makes of what openssl was sent by the same server. */
async function assertPins(port: number): Promise<void> {
  const place = `${HOST}:${port}`
  const words = ['pin', place, '--address', '127.0.0.1', '--ca', join(folder, 'root.pem'), '--json']
  const { stdout } = await runMain(words)
  const { hosts, policy } = JSON.parse(stdout)
  const sent = openssl(['s_client', '-connect', `127.0.0.1:${port}`, '-servername', HOST, '-showcerts']).toString()
  const expected = [...splitPem(sent.slice(0, sent.indexOf('Server certificate'))), root.certificate].map(pinByOpenssl)
  assert.equal(expected.length, 3)
  assert.deepEqual(
    hosts[0].certificates.map(({ pin }: { pin: string }) => pin),
    expected,
  )
  assert.equal(hosts[0].verified, true)
  assert.equal(`sha256/${policy.hosts[place].pins[0].sha256}`, root.pin)
}

function runMain(words: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const argv = ['--conditions=@pinned-fetch/source', MAIN, ...words]
    execFile(process.execPath, argv, (error, stdout, stderr) => {
      if (error === null) resolve({ stdout, stderr })
      else reject(new Error(`${words.join(' ')} ended with ${error.code}:\n${stderr}`, { cause: error }))
    })
  })
}

async function startOpenssl(t: TestContext, kind: KeyKind): Promise<number> {
  const child = start(t, 'openssl', [
    ...['s_server', '-accept', '127.0.0.1:0'],
    ...['-cert', `${kind}.leaf.pem`, '-key', `${kind}.key.pem`, '-cert_chain', 'issuing.pem'],
  ])
  const line = await child.stdout.when(/^ACCEPT .*:\d+$/)
  return Number(line.slice(line.lastIndexOf(':') + 1))
}

async function startNginx(t: TestContext, kind: KeyKind): Promise<number> {
  const port = await freePort()
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};`)
  const configuration = `
    daemon off; master_process off; pid nginx.pid; error_log stderr notice;
    events {}
    http {
      access_log off; ${paths.join(' ')}
      server {
        listen 127.0.0.1:${port} ssl;
        ssl_certificate ${folder}/${kind}.chain.pem; ssl_certificate_key ${folder}/${kind}.key.pem;
        return 204;
      }
    }`
  writeFileSync(join(folder, 'nginx.conf'), configuration)
  const child = start(t, 'nginx', ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr'])
  // It listens before it says how it will wait for events.
  await child.stderr.when(/event method/)
  return port
}

function start(t: TestContext, command: string, words: readonly string[]): { stdout: Lines; stderr: Lines } {
  const child: ChildProcess = spawn(command, words, { cwd: folder, stdio: ['pipe', 'pipe', 'pipe'] })
  t.after(async () => {
    const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined
    child.kill('SIGKILL')
    await ended
  })
  // Its input stays open: s_server ends a connection when that ends.
  if (child.stdout === null || child.stderr === null) throw new Error('no pipes')
  return { stdout: new Lines(child.stdout), stderr: new Lines(child.stderr) }
}

async function freePort(): Promise<number> {
  const server = createServer()
  const port = await listen(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}
