/** One contender's fleet in a thread of its own, for the row of it. */

import { parentPort, workerData } from 'node:worker_threads'
import { runContender } from './run.ts'

parentPort?.postMessage(await runContender(workerData))
