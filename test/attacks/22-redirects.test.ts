/**
 * Row 22: a pinned host answers with a redirect, its own or one that somebody slipped in. Each step is a call of its
 * own: to an uncovered host, down to plain HTTP, or up to a pinned one; and what was meant for the first host alone
 * (Authorization, cookies, a body) does not travel to the next.
 *
 *     https://pinned   ── 302 ─→  https://uncovered    refused, no connection
 *     https://pinned   ── 302 ─→  http://pinned        refused, no connection
 *     http://allowed   ── 302 ─→  https://pinned       judged by its pins
 */

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { leafOf, presented } from '../support/authority.ts'
import { startPlainServer } from '../support/plain-server.ts'
import type { ReceivedRequest } from '../support/recording.ts'
import { startTlsServer } from '../support/tls-server.ts'
import { HOST, partner } from './cast.ts'
import { NOBODYS_PINS } from './changing-policy.ts'
import { FOLLOWERS } from './followers.ts'
import { codeOf, watchedGuard } from './surfaces.ts'

const SECOND = 'second.partner.test'
const MISPINNED = 'mispinned.partner.test'
const UNCOVERED = 'uncovered.test'

const { root, issuing } = await partner()
const leaf = await leafOf(issuing, [HOST, SECOND, MISPINNED, UNCOVERED])
const pins = [leaf.pin, issuing.pin]
const hosts = { [HOST]: { pins }, [SECOND]: { pins }, [MISPINNED]: { pins: NOBODYS_PINS } }

/** `/307?https://…` leads there, with that status. */
function redirecting({ url }: ReceivedRequest): object {
  const [, status, location] = /^\/(\d{3})\?(.+)$/.exec(url) ?? []
  return location === undefined ? {} : { status: Number(status), headers: { location } }
}

for (const follower of FOLLOWERS) {
  describe(`followed by ${follower.name}`, () => {
    it('a redirect to another pinned host is answered by that host', async (t) => {
      const { guard, first, second } = await scene(t)
      const location = `https://${SECOND}:${second.port}/landed`
      const answer = await follower.follow(guard, `https://${HOST}:${first.port}/302?${location}`)
      assert.equal(answer.status, 200)
      assert.deepEqual(urlsOf(second), ['/landed'])
    })

    for (const { to, code } of [
      { to: `https://${UNCOVERED}`, code: 'ERR_HOST_NOT_COVERED' },
      { to: 'https://127.0.0.1', code: 'ERR_HOST_NOT_COVERED' },
      { to: `https://${MISPINNED}`, code: 'ERR_PIN_MISMATCH' },
    ]) {
      for (const status of [302, 307]) {
        it(`a ${status} from a pinned host to ${to} is refused, and its body stays here`, async (t) => {
          const { guard, first, second } = await scene(t)
          const url = `https://${HOST}:${first.port}/${status}?${to}:${second.port}/`
          const following = follower.follow(guard, url, { method: 'POST', body: 'secret' })
          await assert.rejects(following, (error) => codeOf(error) === code)
          await second.whenConnectionsClosed()
          assert.equal(second.recording.bytes, 0)
          assert.equal(second.recording.connections, code === 'ERR_PIN_MISMATCH' ? 1 : 0)
        })
      }
    }

    it('a redirect through two pinned hosts to an uncovered one is refused at the last step', async (t) => {
      const { guard, first, second } = await scene(t)
      const last = `https://${UNCOVERED}:${second.port}/`
      const next = `https://${SECOND}:${second.port}/302?${last}`
      const following = follower.follow(guard, `https://${HOST}:${first.port}/302?${next}`)
      await assert.rejects(following, (error) => codeOf(error) === 'ERR_HOST_NOT_COVERED')
      assert.deepEqual(urlsOf(second), [`/302?${last}`])
    })

    it('a redirect to another origin drops what was meant for the first', async (t) => {
      const { guard, first, second } = await scene(t)
      const headers = { authorization: 'Bearer secret', cookie: 'session=secret', 'x-kept': 'yes' }
      for (const location of ['/same-origin', `https://${SECOND}:${second.port}/`, `https://${HOST}:${second.port}/`]) {
        await follower.follow(guard, `https://${HOST}:${first.port}/302?${location}`, { headers })
      }
      assert.equal(first.recording.received[1]?.headers['authorization'], 'Bearer secret')
      const seen = second.recording.received.map((received) => received.headers)
      assert.deepEqual(
        seen.map((received) => [received['authorization'], received['cookie'], received['x-kept']]),
        [
          [undefined, undefined, 'yes'],
          [undefined, undefined, 'yes'],
        ],
      )
    })
  })
}

for (const follower of FOLLOWERS.filter(({ plain }) => plain)) {
  describe(`followed by ${follower.name}, to and from plain HTTP`, () => {
    it('a redirect down to http: of a pinned host is refused before it connects, whatever the default', async (t) => {
      for (const otherwise of ['deny', 'allow']) {
        const { guard, first } = await scene(t, otherwise)
        const plain = await startPlainServer()
        t.after(() => plain.close())
        for (const host of [HOST, SECOND]) {
          const url = `https://${HOST}:${first.port}/302?http://${host}:${plain.port}/`
          await assert.rejects(follower.follow(guard, url), (error) => codeOf(error) === 'ERR_PLAINTEXT_REFUSED')
        }
        assert.equal(plain.recording.connections, 0)
      }
    })

    it('a redirect down to http: of an uncovered host follows the default', async (t) => {
      const plain = await startPlainServer()
      t.after(() => plain.close())
      const headers = { authorization: 'Bearer secret' }
      const denying = await scene(t)
      const denied = `https://${HOST}:${denying.first.port}/302?http://${UNCOVERED}:${plain.port}/`
      const following = follower.follow(denying.guard, denied, { headers })
      await assert.rejects(following, (error) => codeOf(error) === 'ERR_HOST_NOT_COVERED')
      assert.equal(plain.recording.connections, 0)
      const allowing = await scene(t, 'allow')
      const allowed = `https://${HOST}:${allowing.first.port}/302?http://${UNCOVERED}:${plain.port}/`
      await follower.follow(allowing.guard, allowed, { headers })
      assert.deepEqual(
        plain.recording.received.map((received) => received.headers['authorization']),
        [undefined],
      )
    })

    it('a redirect up from plain HTTP to a pinned host is judged by its pins', async (t) => {
      const { guard, second } = await scene(t, 'allow')
      const plain = await startPlainServer({ respond: redirecting })
      t.after(() => plain.close())
      const from = `http://${UNCOVERED}:${plain.port}/302?`
      const refused = follower.follow(guard, `${from}https://${MISPINNED}:${second.port}/`)
      await assert.rejects(refused, (error) => codeOf(error) === 'ERR_PIN_MISMATCH')
      assert.equal(second.recording.bytes, 0)
      assert.equal((await follower.follow(guard, `${from}https://${SECOND}:${second.port}/`)).status, 200)
      assert.deepEqual(urlsOf(second), ['/'])
    })
  })
}

async function scene(t: TestContext, otherwise = 'deny') {
  const first = await startTlsServer(presented(leaf, issuing), { respond: redirecting })
  const second = await startTlsServer(presented(leaf, issuing), { respond: redirecting })
  const policy = { version: 1, default: otherwise, hosts }
  const { guard } = watchedGuard({ policy, ca: root.certificate })
  t.after(() => Promise.all([guard.close(), first.close(), second.close()]))
  return { guard, first, second }
}

function urlsOf({ recording }: { readonly recording: { readonly received: readonly ReceivedRequest[] } }): string[] {
  return recording.received.map(({ url }) => url)
}
