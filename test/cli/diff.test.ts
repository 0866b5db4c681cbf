import { test } from 'node:test'
import { A, B, policyText, secretScene } from './push-scene.ts'
import { playTranscript } from './transcript.ts'

test('pinned-fetch: diff.txt', async (t) => {
  const { env, variables } = await secretScene(t, [policyText(1, A), policyText(2, B, A)])
  await playTranscript(new URL('diff.txt', import.meta.url), { env, variables })
})
