import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { A, B, policyText, SECRET, secretScene } from './push-scene.ts'
import { playTranscript, runCommand } from './transcript.ts'

test('pinned-fetch: history.txt', async (t) => {
  const third = JSON.stringify({ ...JSON.parse(policyText(3, B, A)), default: 'report' })
  const { endpoint, env, variables } = await secretScene(t, [policyText(1, A), policyText(2, B, A), third])
  endpoint.put('other/secret', '{"password":"hunter2"}')
  await playTranscript(new URL('history.txt', import.meta.url), { env, variables })
})

test('pinned-fetch history reads more versions than fit on one page', async (t) => {
  const { endpoint, env } = await secretScene(t, [])
  for (let serial = 1; serial <= 101; serial++) {
    endpoint.put(SECRET, policyText(serial, A), { created: new Date(Date.UTC(2026, 0, 1, 0, serial)) })
  }
  const { stdout, stderr } = await runCommand(`pinned-fetch history ${SECRET} --limit 2 --json`, tmpdir(), { env })
  assert.deepEqual(
    JSON.parse(stdout).map(({ serial }: { serial: number }) => serial),
    [101, 100],
  )
  assert.equal(stderr, '99 older versions: --limit 101\n')
})
