import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { connect } from 'node:tls'
import { promisify } from 'node:util'
import { intermediateOf, type KeyKind, leafOf, mint, presented, rootAuthority } from './authority.ts'
import { startTlsServer } from './tls-server.ts'

const root = await rootAuthority('Kit Root')
const issuing = await intermediateOf(root, 'Kit Issuing')
const leaf = await leafOf(issuing, ['kit.test', '127.0.0.1'])

describe('the chain on the wire', () => {
  it('is exactly the configured one: strangers, duplicates, same-name fakes, expired ones, in that order', async (t) => {
    const stranger = await rootAuthority('Stranger')
    const fake = await rootAuthority('Kit Issuing')
    const expired = await mint({
      ...{ subject: 'CN=Kit Issuing', ca: true, issuer: root },
      notAfter: new Date(0),
      notBefore: new Date(-1e6),
    })
    const junk = await intermediateOf(root, 'Kit Issuing', { signWith: stranger })
    const weak = await intermediateOf(root, 'Weak', { kind: 'rsa2048', hash: 'SHA-1' })
    const others = [fake, stranger, expired, issuing, stranger, junk, weak, root]
    const server = await startTlsServer(presented(leaf, ...others))
    t.after(() => server.close())
    assert.deepEqual(
      await shownCertificates(server.port),
      [leaf, ...others].map((held) => held.certificate),
    )
  })

  it('is not completed: a leaf served alone stays alone', async (t) => {
    const server = await startTlsServer(presented(leaf))
    t.after(() => server.close())
    assert.deepEqual(await shownCertificates(server.port), [leaf.certificate])
  })

  for (const kind of ['p384', 'p521', 'rsa2048', 'rsa-pss', 'ed25519'] as const satisfies KeyKind[]) {
    it(`may end in a ${kind} leaf below a ${kind} authority`, async (t) => {
      const authority = await rootAuthority(`Kit ${kind}`, { kind })
      const server = await startTlsServer(presented(await leafOf(authority, ['kit.test'], { kind })))
      t.after(() => server.close())
      const socket = connect({ port: server.port, ca: authority.certificate, servername: 'kit.test' })
      await once(socket, 'secureConnect')
      assert.equal(socket.authorized, true)
      socket.destroy()
    })
  }
})

async function shownCertificates(port: number): Promise<string[]> {
  const shown = promisify(execFile)('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-showcerts'])
  shown.child.stdin?.end()
  const { stdout } = await shown
  return stdout.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----\n/g) ?? []
}
