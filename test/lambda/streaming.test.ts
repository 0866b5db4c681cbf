import assert from 'node:assert/strict'
import { createServer } from 'node:https'
import { after, test } from 'node:test'
import { listen } from '../support/listen.ts'
import type { PresentedChain } from '../support/tls-server.ts'
import { bundleFixtures } from './bundle.ts'
import { LOCAL_HOST, OTHER_STRANGE_PIN, prepareScene, STRANGE_PIN, WITHOUT_RUNTIME_CLIENT } from './scene.ts'

const bundles = bundleFixtures('streaming')
after(() => bundles.remove())

/** More than any buffer on the way holds. */
const PART = 'x'.repeat(4 * 1024 * 1024)

/** Answers with one part at once, and with the other after `release`. @param asked called before anything is answered */
async function startHesitantServer({ key, chain }: PresentedChain, asked: () => void, release: Promise<void>) {
  const server = createServer({ key, cert: chain.join('\n') }, async (_request, response) => {
    asked()
    response.write(PART)
    await release
    response.end(PART)
  })
  const port = await listen(server)
  return { port, close: () => server.close().closeAllConnections() }
}

for (const change of ['stays', 'changes so that it refuses the partner'] as const) {
  test(`a streamed body arrives whole after "after" has run, while the policy ${change}`, {
    skip: WITHOUT_RUNTIME_CLIENT,
  }, async (t) => {
    const { chain, storePins, start } = await prepareScene(t, bundles)
    const release = Promise.withResolvers<void>()
    const changePolicy = () => storePins({ [LOCAL_HOST]: { pins: [STRANGE_PIN, OTHER_STRANGE_PIN] } })
    const server = await startHesitantServer(chain, change === 'stays' ? () => {} : changePolicy, release.promise)
    t.after(() => server.close())
    const running = await start('streaming')
    await running.whenPrinted(/"PolicyRefresh":1/)
    const url = `https://${LOCAL_HOST}:${server.port}/`
    const response = running.invoke({ url, probe: url })
    await running.whenPrinted(/the probe ended/)
    const ended = change === 'stays' ? 200 : 'ERR_PIN_MISMATCH'
    const printed = running.stdout.filter((line) => !line.startsWith('{'))
    assert.deepEqual(printed, ['after has run', `the probe ended with ${ended}`])
    release.resolve()
    const { text, trailers } = await response
    assert.equal(text.length, 2 * PART.length)
    assert.deepEqual(Object.keys(trailers), [])
  })
}
