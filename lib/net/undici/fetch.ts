/**
 * The pinned `fetch`: undici's own, on the pinned dispatcher, for arguments of either make.
 *
 * Node's global `Request` and `FormData` are other classes than npm undici's, which would read them as text
 * ("[object FormData]"). They are brought over; everything else is the same class already.
 */

import type { Dispatcher, BodyInit as UndiciBody, RequestInit as UndiciInit, fetch as undiciFetch } from 'undici'
import type { Undici } from './pools.ts'

type Input = Parameters<typeof undiciFetch>[0]

/** Fetches through `dispatcher`, whatever dispatcher the caller's arguments carry. */
export async function fetchThrough(
  { undici, dispatcher }: { readonly undici: Undici; readonly dispatcher: Dispatcher },
  input: unknown,
  init: object | undefined,
): ReturnType<typeof undiciFetch> {
  const request = isForeign(undici, input, 'Request') ? requestOf(undici, input) : (input as Input)
  const given: UndiciInit = { ...init }
  const body: unknown = given.body
  try {
    return await undici.fetch(request, {
      ...given,
      ...(isForeign(undici, body, 'FormData') ? { body: formDataOf(undici, body) } : {}),
      dispatcher,
    })
  } catch (error) {
    throw showCaller(error)
  }
}

/** "fetch failed" is made where the connection failed: its stack does not say whose call it was, as undici's index adds. */
function showCaller(error: unknown): unknown {
  if (!(error instanceof TypeError)) return error
  const here: { stack?: unknown } = {}
  Error.captureStackTrace(here, showCaller)
  // It is what `Error.prepareStackTrace` of the process makes of it.
  if (typeof here.stack !== 'string' || typeof error.stack !== 'string') return error
  const caller = here.stack.split('\n').slice(1)
  const last = caller.at(-1)
  if (last !== undefined && !error.stack.includes(last)) error.stack = [error.stack, ...caller].join('\n')
  return error
}

interface ForeignRequest extends UndiciInit {
  readonly url: string
  readonly body: ReadableStream | null
}

interface ForeignFormData {
  entries(): Iterable<[string, string | Blob]>
}

function requestOf(undici: Undici, request: unknown): InstanceType<Undici['Request']> {
  const { url, body, ...rest } = copyOf(request as ForeignRequest)
  return new undici.Request(url, { ...rest, ...(body === null ? {} : { body: body as UndiciBody, duplex: 'half' }) })
}

/** The fields of a Request are getters of its prototype, which a spread would leave behind. */
function copyOf(request: ForeignRequest): ForeignRequest {
  const { url, method, headers, body, redirect, signal, credentials, integrity, keepalive, referrer } = request
  const copy = { url, method, headers, body, redirect, signal, credentials, integrity, keepalive, referrer }
  return copy as ForeignRequest
}

function formDataOf(undici: Undici, form: unknown): InstanceType<Undici['FormData']> {
  const copy = new undici.FormData()
  for (const [name, value] of (form as ForeignFormData).entries()) {
    if (typeof value === 'string') copy.append(name, value)
    else copy.append(name, value, (value as Blob & { name?: string }).name)
  }
  return copy
}

/** By its tag: naming the global class would load Node's own undici, which takes longer than the call. */
function isForeign(undici: Undici, value: unknown, name: 'Request' | 'FormData'): boolean {
  return Object.prototype.toString.call(value) === `[object ${name}]` && !(value instanceof undici[name])
}
