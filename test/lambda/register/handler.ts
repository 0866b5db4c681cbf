/** A handler that knows nothing of pins: it calls by fetch and, with an agent of its own, by https. */

import { Agent, get } from 'node:https'
import { codeOf } from './outcome.ts'

const agent = new Agent({ keepAlive: true })

export async function handler({ urls }: { readonly urls: readonly string[] }): Promise<unknown> {
  const outcomes: unknown[] = []
  for (const url of urls) outcomes.push(await outcomeOf(byFetch(url)), await outcomeOf(byHttps(url)))
  return outcomes
}

async function byFetch(url: string): Promise<number> {
  const response = await fetch(url)
  await response.text()
  return response.status
}

function byHttps(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (incoming) => incoming.resume().on('end', () => resolve(incoming.statusCode ?? 0))).on(
      'error',
      reject,
    )
  })
}

async function outcomeOf(call: Promise<number>): Promise<unknown> {
  try {
    return await call
  } catch (error) {
    return codeOf(error)
  }
}
