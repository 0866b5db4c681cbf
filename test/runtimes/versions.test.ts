import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { VERSIONS } from './versions.ts'

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
const versions = VERSIONS.map(({ version }) => version)

describe('the versions that the suite runs on', () => {
  it('begin with the oldest that package.json allows', () => {
    const oldest = /^>=(\d+\.\d+)$/.exec(manifest.engines.node)?.[1]
    assert.equal(versions[0], `${oldest}.0`)
  })

  it('hold the one that the project is developed on', () => {
    assert.ok(versions.includes(manifest.devDependencies.node), manifest.devDependencies.node)
  })

  it('are of even lines, each once, the older before the newer', () => {
    const lines = versions.map((version) => Number(version.split('.')[0]))
    assert.ok(lines.every((line) => line % 2 === 0))
    assert.deepEqual(
      versions,
      [...new Set(versions)].sort((one, other) => one.localeCompare(other, 'en', { numeric: true })),
    )
  })
})
