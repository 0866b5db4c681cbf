import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { test } from 'node:test'

const ROOT = new URL('../..', import.meta.url)

/** In a process of its own, where `pinned-fetch` is this repository's source. */
const WORKER = `
import { createServer } from 'node:http'
import { callPartner } from './functions/partner-call.ts'
import { PinnedFetchError } from './lib/errors.ts'
const server = createServer((request, response) => response.writeHead(201).end('x'.repeat(5000))).listen(0, '127.0.0.1')
await new Promise((resolve) => server.once('listening', resolve))
const url = new URL('http://127.0.0.1:' + server.address().port)
const answered = await callPartner(fetch, url)
server.closeAllConnections()
await new Promise((resolve) => server.close(resolve))
const evidence = { host: 'a.example', port: 443, protocol: 'https:' }
const refusing = async () => { throw new TypeError('fetch failed', { cause: new PinnedFetchError('ERR_HOST_NOT_COVERED', evidence) }) }
console.log(JSON.stringify([answered, await callPartner(refusing, url), await callPartner(fetch, url)]))
`

test('what became of a call is data: the answer, cut; a refusal by its code; an error of the network by its code', {
  skip: !existsSync(new URL('lib/index.ts', ROOT)) && 'lib/index.ts is not there yet',
}, () => {
  const child = spawnSync(
    process.execPath,
    ['--conditions=@pinned-fetch/source', '--input-type=module', '--eval', WORKER],
    { cwd: ROOT, encoding: 'utf8' },
  )
  assert.equal(child.status, 0, child.stderr)
  const [answered, refused, unreachable] = JSON.parse(child.stdout)
  assert.deepEqual(answered, { status: 201, body: 'x'.repeat(1024) })
  assert.equal(refused.code, 'ERR_HOST_NOT_COVERED')
  assert.match(refused.message, /no entry of the policy covers this host/)
  assert.equal(unreachable.code, 'ECONNREFUSED')
})
