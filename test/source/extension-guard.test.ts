/** A guard with the source `extension`: the lean configuration, over a rotation. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { extensionSource } from '../../lib/source/extension.ts'
import { assertRefused, SURFACES, watchedGuard } from '../attacks/surfaces.ts'
import { leafOf, presented, rootAuthority } from '../support/authority.ts'
import {
  EXTENSION_TTL_MS,
  extensionEnvironment,
  NOT_READY,
  startExtensionEndpoint,
} from '../support/extension-endpoint.ts'
import { startTlsServer } from '../support/tls-server.ts'

const SECRET = 'prod/partner-pins'
const TOKEN = 'a-session-token'

const root = await rootAuthority('Extension Root')
const before = await leafOf(root, ['api.partner.test'])
const after = await leafOf(root, ['api.partner.test'])

const pinning = (...pins: readonly string[]) => JSON.stringify({ 'api.partner.test': pins })

for (const surface of SURFACES) {
  describe(`a guard by the extension (${surface.name})`, () => {
    it('waits for an extension that starts, refuses a new key while the cache hides it, and accepts it after the TTL', async (t) => {
      const extension = await startExtensionEndpoint({ token: TOKEN })
      const server = await startTlsServer(presented(after))
      extensionEnvironment(t, {
        AWS_SESSION_TOKEN: TOKEN,
        PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: String(extension.port),
      })
      extension.secrets.put(SECRET, pinning(before.pin))
      extension.next(5, { status: 400, body: NOT_READY })
      const { guard, events } = watchedGuard({
        source: extensionSource({ secretId: SECRET }),
        ca: root.certificate,
      })
      t.after(async () => {
        await guard.close()
        await server.close()
        await extension.close()
      })
      const call = () => surface.call(guard, `https://api.partner.test:${server.port}/`)
      await guard.ready()
      assert.ok(!events.some(({ type }) => type === 'policy-refresh-failed'))

      extension.secrets.put(SECRET, pinning(before.pin, after.pin))
      const asked = extension.requests.length
      await assertRefused(call, { code: 'ERR_PIN_MISMATCH', server, events })
      assert.equal(extension.requests.length, asked + 1)
      assert.equal(extension.secrets.requests.length, 1)

      extension.clock.advance(EXTENSION_TTL_MS)
      assert.equal((await call()).status, 200)
      assert.equal(extension.requests.length, asked + 2)
      assert.equal(extension.secrets.requests.length, 2)
    })
  })
}
