/**
 * What the surfaces need of undici, imported so that the process's own `fetch` stays what it was. The order of these
 * imports is the point: global.js is the one file that sets the process's dispatcher, and nothing else is read between
 * what saves it and what restores it.
 *
 * Loaded by `import()` when a surface that needs it is used for the first time: it takes as long as the rest together.
 * File by file, because undici's index reads its mocks, caches, proxies and WebSockets as well: a third of that time. The
 * files are no public interface, so package.json asks for one exact version, and a test compares them with the index.
 */

/// <reference path="./files.d.ts" />

import apiOfDispatcher from 'undici/lib/api/index.js'
import connector from 'undici/lib/core/connect.js'
import Wrapper from 'undici/lib/dispatcher/dispatcher1-wrapper.js'
import PoolOfOrigin from 'undici/lib/dispatcher/pool.js'
import './capture.ts'
import 'undici/lib/global.js'
import './restore.ts'
// Asks for the dispatcher, so it comes after the file that sets it; and reads the others in the order that they need.
import 'undici/lib/web/fetch/index.js'
import formDataFile from 'undici/lib/web/fetch/formdata.js'
import fetchFile from 'undici/lib/web/fetch/index.js'
import requestFile from 'undici/lib/web/fetch/request.js'

type Index = typeof import('undici')

/** `request` and its kind: methods of any dispatcher. */
export const api: Pick<Index['Dispatcher']['prototype'], 'request' | 'stream' | 'pipeline' | 'connect' | 'upgrade'> =
  apiOfDispatcher
export const buildConnector: Index['buildConnector'] = connector
export const Dispatcher1Wrapper: Index['Dispatcher1Wrapper'] = Wrapper
export const Pool: Index['Pool'] = PoolOfOrigin
export const FormData: Index['FormData'] = formDataFile.FormData
export const fetch: Index['fetch'] = fetchFile.fetch
export const Request: Index['Request'] = requestFile.Request
