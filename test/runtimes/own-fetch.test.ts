/**
 * Node's own `fetch` with pinnedDispatcher, where the undici inside Node makes a difference: that of Node 22 writes a
 * length that its caller gave beside its own ("4, 4"), which npm's undici would refuse.
 */

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { HOST, partner } from '../attacks/cast.ts'
import { watchedGuard } from '../attacks/surfaces.ts'
import { presented } from '../support/authority.ts'
import { startTlsServer, type TlsServer } from '../support/tls-server.ts'

const { root, issuing, leaf } = await partner()

describe('a request of Node’s own fetch that says its length', () => {
  for (const { title, body, length, ...rest } of [
    { title: 'with a body', body: 'text', length: '4' },
    { title: 'with a streamed body', body: new Blob(['text']).stream(), length: '4', duplex: 'half' },
    { title: 'without a body', body: null, length: '0' },
  ]) {
    it(`is sent with this length, once (${title})`, async (t) => {
      const { server, call } = await scene(t)
      const { status } = await call({ method: 'POST', headers: { 'content-length': length }, body, ...rest })
      assert.equal(status, 200)
      const [received] = server.recording.received
      assert.deepEqual([received?.headers['content-length'], received?.body], [length, body === null ? '' : 'text'])
    })
  }
})

async function scene(t: TestContext): Promise<{
  readonly server: TlsServer
  call(init: object): Promise<Response>
}> {
  const server = await startTlsServer(presented(leaf, issuing))
  const { guard } = watchedGuard({ policy: { [HOST]: [leaf.pin, issuing.pin] }, ca: root.certificate })
  t.after(async () => {
    await guard.close()
    await server.close()
  })
  return {
    server,
    call: (init) => fetch(`https://${HOST}:${server.port}/`, { ...init, dispatcher: guard.dispatcher } as object),
  }
}
