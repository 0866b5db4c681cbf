/**
 * Plays rows: the twist is made, every surface calls every peer, the twist is taken back.
 *
 * Runs in a child process, because what is twisted is the process's own. The servers are the parent's.
 */

import { createGuard, type Guard } from '../../../lib/index.ts'
import { codeOf, lookupLoopback, SURFACES, type Surface } from '../../attacks/surfaces.ts'
import type { Finding, Material, Moment, Outcome, Peer, Row } from './rows.ts'

/** No call may hang, and closing waits for none, ms. */
const PATIENCE_MS = 20_000

const uncaught: string[] = []
process.on('uncaughtException', (error) => uncaught.push(`exception: ${error?.message ?? error}`))
process.on('unhandledRejection', (error) => uncaught.push(`rejection: ${(error as Error)?.message ?? error}`))

export async function play(row: Row, moment: Moment, material: Material): Promise<Finding> {
  const undo = new DisposableStack()
  const outcomes: Partial<Record<Peer, Outcome[]>> = {}
  let guard: Guard | undefined
  let complaint: string | undefined
  try {
    if (moment === 'before createGuard') undo.defer(await row.twist(material, undefined))
    const { policy, ca } = material
    guard = createGuard({ policy, ...(ca === undefined ? {} : { ca }), lookup: lookupLoopback, metrics: false })
    const current = guard
    if (moment === 'after the first call') await callAll(current, material.peers.pinned, SURFACES)
    if (moment === 'after the first call' || moment === 'before the first call') {
      undo.defer(await row.twist(material, guard))
    }
    const surfaces = row.surfaces?.(material) ?? SURFACES
    const peers = Object.entries(material.peers) as [Peer, string][]
    const calls = peers.map(async ([peer, url]) => {
      // The address tells in a recording who let it out.
      outcomes[peer] = await callAll(current, `${url}?${encodeURIComponent(`${row.name}, ${moment}`)}`, surfaces)
    })
    await Promise.all(calls)
    complaint = await row.complaint?.(material)
  } catch (error) {
    complaint = `the row ended with ${codeOf(error) ?? error}`
  }
  undo.dispose()
  await inTime(async () => void (await guard?.close())).then((end) => {
    if (end !== undefined) uncaught.push(`close: ${end}`)
  })
  // Rejections that nobody heard are told between two turns of the event loop.
  await new Promise((resolve) => setImmediate(resolve))
  return { row: row.name, moment, outcomes, uncaught: uncaught.splice(0), complaint }
}

function callAll(guard: Guard, url: string, surfaces: readonly Surface[]): Promise<Outcome[]> {
  return Promise.all(surfaces.map((surface) => inTime(async () => (await surface.call(guard, url)).status)))
}

/** What the work gives, or why it gave nothing. */
async function inTime<Result>(work: () => Promise<Result>): Promise<Result | string> {
  const late = Promise.withResolvers<string>()
  const timer = setTimeout(() => late.resolve('no outcome'), PATIENCE_MS)
  try {
    return await Promise.race([work(), late.promise])
  } catch (error) {
    return codeOf(error) ?? String(error)
  } finally {
    clearTimeout(timer)
  }
}
