/**
 * The way to a host as far as TCP: which addresses its name has, and which of them connect. Nothing is sent.
 */

import { lookup } from 'node:dns/promises'
import { connect } from 'node:net'
import { isAddress } from '../../net/call.ts'
import type { Attempt, Route } from './facts.ts'

/** Connecting may take so long, ms. */
const CONNECT_LIMIT_MS = 5_000
/** A name with more addresses is not tried at each. */
const MAX_ADDRESSES = 4

export async function takeRoute(target: Route['target'], proxy: string | undefined): Promise<Route> {
  const { host, port } = target
  const found = await addressesOf(host)
  const attempts = await Promise.all(found.addresses.slice(0, MAX_ADDRESSES).map((address) => attempt(address, port)))
  return { target, proxy, ...found, attempts }
}

/** Whether there is a connection at all. */
export function isReached({ attempts }: Route): boolean {
  return attempts.some(({ problem }) => problem === undefined)
}

async function addressesOf(host: string): Promise<Pick<Route, 'addresses' | 'lookupProblem'>> {
  if (isAddress(host)) return { addresses: [host], lookupProblem: undefined }
  try {
    const found = await lookup(host, { all: true })
    return { addresses: [...new Set(found.map(({ address }) => address))], lookupProblem: undefined }
  } catch (error) {
    return { addresses: [], lookupProblem: codeOf(error) }
  }
}

function attempt(address: string, port: number): Promise<Attempt> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port })
    const end = (problem: string | undefined) => {
      clearTimeout(timer)
      socket.destroy()
      resolve({ address, problem })
    }
    const timer = setTimeout(() => end('ETIMEDOUT'), CONNECT_LIMIT_MS)
    socket.once('connect', () => end(undefined))
    // Stays: a socket that is destroyed may still tell an error.
    socket.on('error', (error) => end(codeOf(error)))
  })
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown'
}
