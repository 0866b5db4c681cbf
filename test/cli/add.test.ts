import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { seal } from '../../lib/cli/sign/seal.ts'
import { parseVerifyKey } from '../../lib/source/verify-key.ts'
import { playTranscript, runCommand } from './transcript.ts'

const A = 'sha256/grX4Ta9HpZx6tSHkmCrvpApTQGo67CYDnvprLg5yRME='
const B = 'sha256/klO23nT2ehFDXCfx3eHTDRESMz3asj1muO+4aIdjiuY='
const C = `sha256/${'A'.repeat(43)}=`
const D = `sha256/${'A'.repeat(42)}E=`
const NOW = Date.UTC(2026, 10, 25)

describe('pinned-fetch init, add, remove and deny', () => {
  for (const name of ['init', 'add', 'remove', 'deny']) {
    it(`${name}.txt`, async () => {
      const variables = { A, B, C, D, SIGNED: await signed() }
      await playTranscript(new URL(`${name}.txt`, import.meta.url), { variables, now: () => NOW })
    })
  }

  it('keep every byte that is not of the edit', async (t) => {
    const text = `{\r\n\t"version": 1,\r\n\t"hosts": {\r\n\t\t"A.test": { "mode":"enforce", "pins": [ "${A}",\r\n\t\t\t"${B}" ] }\r\n\t}\r\n}`
    const folder = folderWith(t, text)
    const pinned = await runCommand(`pinned-fetch add policy.json a.test --pin ${C}`, folder)
    assert.equal(pinned.exitCode, 0, pinned.stderr)
    assert.notEqual(readFileSync(join(folder, 'policy.json'), 'utf8'), text)
    const removed = await runCommand(`pinned-fetch remove policy.json a.test --pin ${C}`, folder)
    assert.equal(removed.exitCode, 0, removed.stderr)
    assert.equal(readFileSync(join(folder, 'policy.json'), 'utf8'), text)
    assert.deepEqual(readdirSync(folder), ['policy.json'])
  })

  it('leave the file alone in a dry run, and when they refuse', async (t) => {
    const text = JSON.stringify({ 'a.test': [A, B] })
    const folder = folderWith(t, text)
    for (const [command, expected] of [
      [`add policy.json a.test --pin ${C} --dry-run`, 1],
      ['remove policy.json a.test', 4],
      ['init policy.json', 4],
    ] as const) {
      assert.equal((await runCommand(`pinned-fetch ${command}`, folder)).exitCode, expected, command)
      assert.equal(readFileSync(join(folder, 'policy.json'), 'utf8'), text, command)
    }
  })
})

function folderWith(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'pinned-fetch-add-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'policy.json'), text)
  return folder
}

/** A signed policy; who signed it does not matter here. */
async function signed(): Promise<string> {
  const { publicKey } = generateKeyPairSync('ed25519')
  const verifyKey = parseVerifyKey(publicKey.export({ type: 'spki', format: 'pem' }).toString())
  assert.ok(verifyKey)
  const signer = { verifyKey, sign: async () => Buffer.alloc(64) }
  return JSON.stringify(await seal({ version: 1, serial: 1, hosts: { 'a.test': { pins: [A] } } }, signer, undefined))
}
