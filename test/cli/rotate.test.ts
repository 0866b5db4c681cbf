import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { SECRET, VERSIONS } from './push-scene.ts'
import { documentText, next, reserve, root, rotateScene, today } from './rotate-scene.ts'
import { playTranscript } from './transcript.ts'

describe('pinned-fetch rotate', () => {
  it('rotate.txt', async (t) => {
    const { env, variables, switchKey } = await rotateScene(t)
    await playTranscript(new URL('rotate.txt', import.meta.url), {
      env,
      variables: { ...variables, ROOT: root.certificate },
      before: (command) => command.includes('--every') && switchKey(),
    })
  })

  it('watches until the host changes its key', async (t) => {
    const { server, rotate, switchKey } = await rotateScene(t)
    await rotate(`start ${SECRET} next.json --yes`)
    await rotate(`promote ${SECRET} --yes`)
    const looked = server.whenHandshaken()
    const watching = rotate(`watch ${SECRET} --every 0.01 --json`)
    await looked
    switchKey()
    const { exitCode, stdout, stderr } = await watching
    assert.equal(exitCode, 0, stderr)
    assert.match(stderr, /1 of 1 hosts do not serve their new key yet/)
    const [{ pin, hasMoved, isBackup }] = JSON.parse(stdout)
    assert.deepEqual({ pin, hasMoved, isBackup }, { pin: next.pin, hasMoved: true, isBackup: false })
  })

  it('is taken back before promote, and can begin again', async (t) => {
    const { rotate, stages } = await rotateScene(t)
    await rotate(`start ${SECRET} next.json --yes`)
    assert.deepEqual(await stages(), { AWSCURRENT: 7, AWSPENDING: 8 })
    assert.equal((await rotate(`abort ${SECRET} --yes`)).exitCode, 0)
    assert.deepEqual(await stages(), { AWSCURRENT: 7 })
    assert.equal((await rotate(`start ${SECRET} next.json --yes`)).exitCode, 0)
    assert.deepEqual(await stages(), { AWSCURRENT: 7, AWSPENDING: 8 })
  })

  it('is taken back after promote: by a version with a higher serial', async (t) => {
    const { rotate, stages, run } = await rotateScene(t)
    await rotate(`start ${SECRET} next.json --yes`)
    await rotate(`promote ${SECRET} --yes`)
    const { stdout } = await rotate(`abort ${SECRET} --yes`)
    assert.match(stdout, /is current again, with serial 9, since guards refuse one that falls; the rotation is over/)
    assert.deepEqual(await stages(), { AWSCURRENT: 9, AWSPREVIOUS: 8 })
    const difference = await run(`pinned-fetch diff secret:${SECRET}#${VERSIONS[0]} secret:${SECRET}`)
    assert.equal(difference.stdout, '~ serial  7 -> 9\n')
  })

  it('is not taken back once a host serves its new key alone: that would be an outage, unless forced', async (t) => {
    const { rotate, stages, switchKey, server } = await rotateScene(t)
    await rotate(`start ${SECRET} next.json --yes`)
    await rotate(`promote ${SECRET} --yes`)
    switchKey()
    for (const asked of ['--yes', '--dry-run']) {
      const { exitCode, stderr } = await rotate(`abort ${SECRET} ${asked}`)
      assert.equal(exitCode, 4, asked)
      assert.match(stderr, new RegExp(`^FAIL {2}localhost:${server.port} {2}ERR_PIN_MISMATCH\n`))
      assert.match(stderr, new RegExp(`\nerror: calls to localhost:${server.port} pass now, and would fail\n`))
    }
    assert.deepEqual(await stages(), { AWSCURRENT: 8, AWSPENDING: 8, AWSPREVIOUS: 7 })
    const { exitCode, stdout } = await rotate(`abort ${SECRET} --yes --force --json`)
    assert.equal(exitCode, 0)
    assert.deepEqual(
      JSON.parse(stdout).hosts.map(({ becomes }: { becomes: string }) => becomes),
      ['refused'],
    )
    assert.deepEqual(await stages(), { AWSCURRENT: 9, AWSPREVIOUS: 8 })
  })

  it('is taken back after promote: by the stage, where no document has a serial', async (t) => {
    const { rotate, stages } = await rotateScene(t, { withoutSerials: true })
    await rotate(`start ${SECRET} next.json --yes`)
    await rotate(`promote ${SECRET} --yes`)
    const { stdout } = await rotate(`abort ${SECRET} --yes`)
    assert.match(stdout, /AWSCURRENT moves back to version 11111111-.*: no document has a serial/)
    const { AWSCURRENT, AWSPENDING } = await stages()
    assert.deepEqual([AWSCURRENT, AWSPENDING], [VERSIONS[0], undefined])
  })

  it('promotes nothing that a host would fail under, unless forced', async (t) => {
    const { rotate, folder, server, stages } = await rotateScene(t)
    await writeFile(join(folder, 'wrong.json'), documentText(server.port, 8, [next.pin, reserve.pin]))
    assert.equal((await rotate(`start ${SECRET} wrong.json --yes`)).exitCode, 0)
    const checked = await rotate(`check ${SECRET}`)
    assert.equal(checked.exitCode, 1)
    assert.match(checked.stdout, /^FAIL {2}localhost:\d+ {2}ERR_PIN_MISMATCH\n/)
    const refused = await rotate(`promote ${SECRET} --yes`)
    assert.equal(refused.exitCode, 4)
    assert.match(refused.stderr, /error: a host fails under the candidate/)
    assert.deepEqual(await stages(), { AWSCURRENT: 7, AWSPENDING: 8 })
    assert.equal((await rotate(`promote ${SECRET} --yes --force`)).exitCode, 0)
    assert.deepEqual(await stages(), { AWSCURRENT: 8, AWSPENDING: 8, AWSPREVIOUS: 7 })
  })

  it('promotes nothing that was made for another version: the secret moved underneath', async (t) => {
    const { rotate, endpoint, server, stages } = await rotateScene(t)
    await rotate(`start ${SECRET} next.json --yes`)
    endpoint.put(SECRET, documentText(server.port, 10, [today.pin, next.pin]))
    const refused = await rotate(`promote ${SECRET} --yes`)
    assert.equal(refused.exitCode, 4)
    assert.match(refused.stderr, /has moved: version .* is current, and the candidate was made for another/)
    assert.deepEqual(await stages(), { AWSCURRENT: 10, AWSPENDING: 8, AWSPREVIOUS: 7 })
  })

  it('promotes nothing when the secret moves while it looks at the hosts', async (t) => {
    const { rotate, endpoint, server, stages } = await rotateScene(t)
    await rotate(`start ${SECRET} next.json --yes`)
    const looked = server.whenConnected()
    const promoting = rotate(`promote ${SECRET} --yes`)
    await looked
    endpoint.put(SECRET, documentText(server.port, 10, [today.pin, next.pin]))
    const refused = await promoting
    assert.equal(refused.exitCode, 4, refused.stderr)
    assert.deepEqual(await stages(), { AWSCURRENT: 10, AWSPENDING: 8, AWSPREVIOUS: 7 })
  })

  it('writes no candidate that would lock the owner out', async (t) => {
    const { rotate, folder, server, stages } = await rotateScene(t)
    await writeFile(join(folder, 'old.json'), documentText(server.port, 6, [next.pin, today.pin]))
    const refused = await rotate(`start ${SECRET} old.json --yes`)
    assert.equal(refused.exitCode, 4)
    assert.match(refused.stderr, /serial 6 is lower than 7/)
    assert.deepEqual(await stages(), { AWSCURRENT: 7 })
  })

  it('keeps every pin where that is asked for', async (t) => {
    const { rotate, stages } = await rotateScene(t)
    await rotate(`start ${SECRET} next.json --yes`)
    await rotate(`promote ${SECRET} --yes`)
    assert.equal((await rotate(`retire ${SECRET} --keep --yes`)).exitCode, 0)
    assert.deepEqual(await stages(), { AWSCURRENT: 8, AWSPREVIOUS: 7 })
  })

  it('takes the policy without the old pin from a file, and looks at its hosts', async (t) => {
    const { rotate, stages, switchKey, folder, server } = await rotateScene(t)
    await rotate(`start ${SECRET} next.json --yes`)
    await rotate(`promote ${SECRET} --yes`)
    await writeFile(join(folder, 'after.json'), documentText(server.port, 20, [next.pin, reserve.pin]))
    assert.equal((await rotate(`retire ${SECRET} after.json --yes`)).exitCode, 4)
    switchKey()
    assert.equal((await rotate(`retire ${SECRET} after.json --yes`)).exitCode, 0)
    assert.deepEqual(await stages(), { AWSCURRENT: 20, AWSPREVIOUS: 8 })
  })

  it('says of a host why it could not be asked', async (t) => {
    const { rotate, server } = await rotateScene(t)
    await rotate(`start ${SECRET} next.json --yes`)
    await server.close()
    const { exitCode, stdout } = await rotate(`check ${SECRET}`)
    assert.equal(exitCode, 1)
    assert.match(stdout, /^FAIL {2}localhost:\d+ {2}ECONNREFUSED\n\nlocalhost:\d+: nothing listens there/)
  })

  it('asks hosts below a wildcard that --host names, and says of the others that it did not', async (t) => {
    const { rotate, folder, server } = await rotateScene(t)
    const hosts = { '*.partner.example': { pins: [today.pin, next.pin] } }
    await writeFile(join(folder, 'wild.json'), JSON.stringify({ version: 1, serial: 8, hosts }))
    assert.equal((await rotate(`start ${SECRET} wild.json --yes --force`)).exitCode, 0)
    const unseen = await rotate(`check ${SECRET}`)
    assert.equal(unseen.exitCode, 1)
    assert.match(unseen.stderr, /"\*\.partner\.example" names no host that could be asked/)
    const seen = await rotate(`check --host api.partner.example --address 127.0.0.1:${server.port} ${SECRET}`)
    assert.match(seen.stdout, /^FAIL {2}api\.partner\.example:443 {2}ERR_TLS_CERT_ALTNAME_INVALID\n/)
  })
})
