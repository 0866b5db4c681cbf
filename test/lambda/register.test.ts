/**
 * The preload, seen from outside: a process that knows nothing of pins is started with it and calls out in every way
 * there is. To a partner who shows another key no byte arrives; to the right one each call works.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { prepareScene } from './register/scene.ts'
import { CHANGES, HTTP2_WAYS, WAYS, WEB_SOCKET } from './register/ways.ts'

describe('under the preload', () => {
  for (const [title, ways, options] of [
    ['every way over HTTP/1.1', Object.keys(WAYS), {}],
    ['every way over HTTP/2', Object.keys(HTTP2_WAYS), { http2: true }],
    ['every way after the process was changed', Object.keys(CHANGES), {}],
  ] as const) {
    it(`${title} is pinned: it reaches the right key, and no byte reaches another`, async (t) => {
      const { good, bad, url, run } = await prepareScene(t, {
        ...options,
        respond: ({ headers }) => (headers['upgrade'] === undefined ? { body: 'ok' } : { status: 426, body: 'no' }),
      })
      const urls = [url(bad), url(good)]
      const { outcomes, stdout } = await run(ways.flatMap((way) => urls.map((place) => ({ way, url: place }))))
      assert.deepEqual(
        outcomes.map(({ way, outcome }) => `${way}: ${outcome}`),
        ways.flatMap((way) => expected(way).map((outcome) => `${way}: ${outcome}`)),
      )
      await bad.whenConnectionsClosed()
      assert.equal(bad.recording.bytes, 0)
      assert.ok(bad.recording.connections >= ways.length, 'each way got as far as the handshake')
      assert.equal(good.recording.requests, ways.length)
      assert.equal(stdout.match(/"PinFailure":1/g)?.length, ways.length)
    })
  }
})

/** At the wrong key, at the right one. The server opens no WebSocket; that it was asked is what counts. */
function expected(way: string): readonly (string | number)[] {
  if (way === WEB_SOCKET) return [0, 0]
  return ['ERR_PIN_MISMATCH', way.includes('WebSocket') ? 426 : 200]
}
