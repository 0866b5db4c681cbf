import { test } from 'node:test'
import { root, rotateScene } from './rotate-scene.ts'
import { playTranscript } from './transcript.ts'

test('pinned-fetch: versions.txt', async (t) => {
  const { endpoint, env, variables } = await rotateScene(t)
  endpoint.put('other/secret', '{ "password')
  await playTranscript(new URL('versions.txt', import.meta.url), {
    env,
    variables: { ...variables, ROOT: root.certificate },
  })
})
