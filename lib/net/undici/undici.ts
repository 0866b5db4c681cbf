/**
 * undici, imported so that the process's own `fetch` stays what it was. The order of these imports is the point.
 *
 * Loaded by `import()` when a surface that needs it is used for the first time: it takes as long as the rest together.
 */

import './capture.ts'
import { buildConnector, Dispatcher, Dispatcher1Wrapper, FormData, fetch, Pool, Request } from 'undici'
import './restore.ts'

export { buildConnector, Dispatcher, Dispatcher1Wrapper, FormData, fetch, Pool, Request }
