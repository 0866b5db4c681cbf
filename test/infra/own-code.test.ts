import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { App, Stack } from 'aws-cdk-lib'
import { Construct } from 'constructs'
import { codeOf, OWN_CODE, type OwnCode } from '../../infra/function-code.ts'

test('each of the product’s own functions is deployed with code of its own', (t) => {
  const outdir = mkdtempSync(join(tmpdir(), 'pinned-fetch-code-'))
  t.after(() => rmSync(outdir, { recursive: true, force: true }))
  const stack = new Stack(new App({ outdir }), 'Stack')
  const keys = Object.keys(OWN_CODE).map((name) => {
    return codeOf(name as OwnCode).bind(new Construct(stack, name)).s3Location?.objectKey
  })
  assert.equal(keys.length, 4)
  assert.equal(new Set(keys).size, 4, keys.join('\n'))
})
