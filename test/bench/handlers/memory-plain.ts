/** See memory.ts: undici alone. */

import { Agent } from 'undici'
import { answerTask, lookup } from './memory-calls.ts'

answerTask(({ ca }) => new Agent({ connect: { ca, lookup } }))
