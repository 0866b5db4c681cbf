/**
 * One step of the rotation function, as Secrets Manager asks for it: the event is the argument, as JSON. The handler is
 * the deployed one; its log lines go to standard output.
 */

import { handler } from '../../functions/rotation.ts'

const LIMIT_MS = 30_000

await handler(JSON.parse(process.argv[2] ?? ''), { getRemainingTimeInMillis: () => LIMIT_MS })
