/** The files of undici that undici.ts and steps.ts import: what its index calls them is what they hold. */

/** Read for what they leave behind. */
declare module 'undici/lib/*' {
  const file: unknown
  export default file
}

declare module 'undici/lib/api/index.js' {
  const api: Pick<
    typeof import('undici').Dispatcher.prototype,
    'request' | 'stream' | 'pipeline' | 'connect' | 'upgrade'
  >
  export default api
}

declare module 'undici/lib/core/connect.js' {
  export { buildConnector as default } from 'undici'
}

declare module 'undici/lib/dispatcher/dispatcher1-wrapper.js' {
  export { Dispatcher1Wrapper as default } from 'undici'
}

declare module 'undici/lib/dispatcher/pool.js' {
  export { Pool as default } from 'undici'
}

declare module 'undici/lib/web/fetch/formdata.js' {
  const file: Pick<typeof import('undici'), 'FormData'>
  export default file
}

declare module 'undici/lib/web/fetch/index.js' {
  const file: Pick<typeof import('undici'), 'fetch'>
  export default file
}

declare module 'undici/lib/web/fetch/request.js' {
  const file: Pick<typeof import('undici'), 'Request'>
  export default file
}
