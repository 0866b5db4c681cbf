/**
 * Worker threads: each has globals of its own, so each must load the preload before its code. Node hands `--import` on
 * by itself, except to a worker that is given arguments (`execArgv`) or an environment of its own; and in one that is given
 * its code as text (`eval`), a CommonJS script, it never loads it.
 */

import { pathToFileURL } from 'node:url'
import { Script } from 'node:vm'
import threads, { type WorkerOptions } from 'node:worker_threads'

/** What the preload reads, what the SDK takes region and credentials from, and what Node's own roots depend on. */
const NEEDED = /^(PINNED_FETCH_|AWS_|(POWERTOOLS_SERVICE_NAME|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|SSL_CERT_DIR)$)/

/** Every worker that is made from now on loads the preload first. @param preload URL of it */
export function guardThreads(preload: string): void {
  const construct: ProxyHandler<typeof threads.Worker>['construct'] = (target, [script, options], newTarget) => {
    const code = options?.eval === true ? afterPreload(preload, script) : script
    const make = (changed: WorkerOptions) => Reflect.construct(target, [code, changed], newTarget)
    const loading = withPreload(preload, options ?? {})
    try {
      return make(loading)
    } catch (error) {
      // Of the process's own arguments it passes over those that no worker takes; of ours it does not.
      const { code: reason, message } = error as NodeJS.ErrnoException
      if (reason !== 'ERR_WORKER_INVALID_EXEC_ARGV' || options?.execArgv !== undefined) throw error
      return make({ ...loading, execArgv: loading.execArgv?.filter((argument) => !message.includes(argument)) })
    }
  }
  const value = new Proxy(threads.Worker, { construct })
  Object.defineProperty(threads, 'Worker', { value, writable: true, enumerable: true, configurable: true })
}

function withPreload(preload: string, options: WorkerOptions): WorkerOptions {
  const { env, execArgv } = options
  // SHARE_ENV is a symbol, and the environment then no other than ours.
  const ownEnvironment = typeof env === 'object' && env !== null ? env : undefined
  if (execArgv === undefined && ownEnvironment === undefined && isHandedOn(preload)) return options
  const inherited = ownEnvironment === undefined ? process.execArgv : []
  return {
    ...options,
    execArgv: ['--import', preload, ...(execArgv ?? inherited)],
    ...(ownEnvironment === undefined ? {} : { env: { ...needed(), ...ownEnvironment } }),
  }
}

/** Code that loads the preload before it runs the given one. A module is left as it is: for that Node loads it. */
function afterPreload(preload: string, code: unknown): unknown {
  if (typeof code !== 'string' || !isScript(code)) return code
  const { stringify } = JSON
  return `import(${stringify(preload)}).then(() => {
    const { constants, runInThisContext } = process.getBuiltinModule('node:vm')
    const importModuleDynamically = constants.USE_MAIN_CONTEXT_DEFAULT_LOADER
    runInThisContext(${stringify(code)}, { filename: '[worker eval]', importModuleDynamically })
  })`
}

function isScript(code: string): boolean {
  try {
    return new Script(code) !== undefined
  } catch {
    return false
  }
}

/** Whether this process got the preload as an argument, as every worker then does. Another `--import` says nothing. */
function isHandedOn(preload: string): boolean {
  const text = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' ')
  const given = [...text.matchAll(/(?:^|\s)--import[=\s]+"?([^"\s]+)/g)].map(([, specifier]) => String(specifier))
  return given.some((specifier) => withoutQuery(resolved(specifier)) === withoutQuery(preload))
}

function resolved(specifier: string): string {
  const base = pathToFileURL(`${process.cwd()}/`).href
  try {
    return /^(\.{0,2}\/|[a-z]+:)/i.test(specifier) ? new URL(specifier, base).href : import.meta.resolve(specifier)
  } catch {
    return ''
  }
}

function withoutQuery(address: string): string {
  return address.replace(/[?#].*/, '')
}

function needed(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => NEEDED.test(name)))
}
