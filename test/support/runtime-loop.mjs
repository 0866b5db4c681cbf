/**
 * The smallest honest Lambda runtime: asks the Runtime API for an invocation, calls the handler, posts what came of it.
 *
 * Stands in for aws-lambda-ric where that could not be built. Not here: `awslambda.streamifyResponse`, worker threads,
 * JSON logs, callback handlers.
 */

import { existsSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const BASE = `http://${setting('AWS_LAMBDA_RUNTIME_API')}/2018-06-01/runtime`

const handler = await loadHandler().catch(async (error) => {
  await post('/init/error', described(error), errorHeaders(error))
  process.stderr.write(`${error?.stack ?? error}\n`)
  process.exit(1)
})

for (;;) {
  const { headers, text } = await call('GET', '/invocation/next')
  const id = String(headers['lambda-runtime-aws-request-id'])
  process.env['_X_AMZN_TRACE_ID'] = String(headers['lambda-runtime-trace-id'])
  try {
    const result = await handler(JSON.parse(text), contextOf(id, headers))
    await post(`/invocation/${id}/response`, result ?? null, {})
  } catch (error) {
    await post(`/invocation/${id}/error`, described(error), errorHeaders(error))
  }
}

async function loadHandler() {
  const [, file = '', name = ''] = /^(.*)\.([^.]+)$/.exec(setting('_HANDLER')) ?? []
  const stem = join(setting('LAMBDA_TASK_ROOT'), file)
  const path = [`${stem}.mjs`, `${stem}.js`].find((candidate) => existsSync(candidate))
  if (!path) throw new Error(`Cannot find module '${file}'`)
  const found = (await import(pathToFileURL(path).href))[name]
  if (typeof found !== 'function') throw new Error(`${setting('_HANDLER')} is undefined or not exported`)
  return found
}

/** @param {string} id @param {import('node:http').IncomingHttpHeaders} headers */
function contextOf(id, headers) {
  const deadline = Number(headers['lambda-runtime-deadline-ms'])
  return {
    awsRequestId: id,
    callbackWaitsForEmptyEventLoop: true,
    functionName: setting('AWS_LAMBDA_FUNCTION_NAME'),
    functionVersion: setting('AWS_LAMBDA_FUNCTION_VERSION'),
    memoryLimitInMB: setting('AWS_LAMBDA_FUNCTION_MEMORY_SIZE'),
    logGroupName: setting('AWS_LAMBDA_LOG_GROUP_NAME'),
    logStreamName: setting('AWS_LAMBDA_LOG_STREAM_NAME'),
    invokedFunctionArn: String(headers['lambda-runtime-invoked-function-arn']),
    getRemainingTimeInMillis: () => deadline - Date.now(),
  }
}

/** @param {string} name */
function setting(name) {
  const value = process.env[name]
  if (value === undefined) throw new Error(`${name} is not set`)
  return value
}

/** @param {unknown} error */
function described(error) {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error), trace: [] }
  return { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? '').split('\n') }
}

/** @param {unknown} error */
function errorHeaders(error) {
  return { 'Lambda-Runtime-Function-Error-Type': described(error).errorType }
}

/** @param {string} path @param {unknown} body @param {Record<string, string>} headers */
function post(path, body, headers) {
  return call('POST', path, JSON.stringify(body), headers)
}

/**
 * @param {string} method @param {string} path @param {string} [body] @param {Record<string, string>} [headers]
 * @returns {Promise<{ headers: import('node:http').IncomingHttpHeaders, text: string }>}
 */
function call(method, path, body = '', headers = {}) {
  return new Promise((resolve, reject) => {
    const outgoing = request(`${BASE}${path}`, { method, headers }, (incoming) => {
      let text = ''
      incoming.setEncoding('utf8')
      incoming.on('data', (chunk) => {
        text += chunk
      })
      incoming.on('end', () => resolve({ headers: incoming.headers, text }))
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}
