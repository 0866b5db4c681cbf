/**
 * One call as a function makes it, whatever becomes of it. Its log lines go to standard output, as in Lambda.
 */

import { createGuard } from '../../lib/index.ts'

const guard = createGuard({ secretId: 'prod/partner-pins', metrics: { service: 'quotes' } })
await guard.fetch('https://api.partner.example/v1/quotes').catch(() => undefined)
await guard.close()
