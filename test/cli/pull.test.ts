import { test } from 'node:test'
import { A, B, policyText, secretScene } from './push-scene.ts'
import { playTranscript } from './transcript.ts'

test('pinned-fetch: pull.txt', async (t) => {
  const { endpoint, env, variables } = await secretScene(t, [policyText(1, A), policyText(2, B, A)])
  endpoint.put('other/secret', '{ no')
  await playTranscript(new URL('pull.txt', import.meta.url), { env, variables })
})
