/** Checked by tsc alone: a mistaken option is a compile error, for the middleware and for the guard alike. */

import { Metrics } from '@aws-lambda-powertools/metrics'
import { createGuard, type GuardOptions, literalSource, pinnedFetch, secretsManagerSource } from 'pinned-fetch'

export const every: readonly GuardOptions[] = [
  { secretId: 'prod/partner-pins' },
  { secretId: ['prod/partner-pins', 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:bank-AbCdEf'] },
  { policy: { 'api.partner.example': ['sha256/grX4Ta9HpZx6tSHkmCrvpApTQGo67CYDnvprLg5yRME='] } },
  { source: secretsManagerSource('prod/partner-pins', { clientOptions: { region: 'eu-central-1' } }) },
  { source: literalSource({}) },
  { source: { name: 'file', load: async (signal) => ({ document: signal?.aborted, version: '7' }) } },
  {
    secretId: 'prod/partner-pins',
    mode: 'report',
    ca: ['-----BEGIN CERTIFICATE-----', Buffer.of()],
    cacheExpiry: -1,
    maxStale: 86_400_000,
    disablePrefetch: true,
    preconnect: ['api.partner.example'],
    proxy: 'environment',
    lookup: (_host, _options, found) => found(null, '127.0.0.1', 4),
    awsClientOptions: { endpoint: 'http://127.0.0.1:4566' },
    metrics: { namespace: 'Shop', service: 'orders', sink: new Metrics() },
    observer: (event) => event.type,
  },
  { secretId: 'prod/partner-pins', metrics: false },
]

pinnedFetch()
// @ts-expect-error misspelt
pinnedFetch({ secretID: 'prod/partner-pins' })
// @ts-expect-error no option turns checking off
pinnedFetch({ secretId: 'prod/partner-pins', mode: 'off' })
// @ts-expect-error no option turns checking off
pinnedFetch({ secretId: 'prod/partner-pins', rejectUnauthorized: false })
// @ts-expect-error not an option of Middy's kind either
pinnedFetch({ secretId: 'prod/partner-pins', setToContext: true })
// @ts-expect-error milliseconds
pinnedFetch({ secretId: 'prod/partner-pins', cacheExpiry: '5m' })
// @ts-expect-error a list
pinnedFetch({ secretId: 'prod/partner-pins', preconnect: 'api.partner.example' })
// @ts-expect-error misspelt
pinnedFetch({ secretId: 'prod/partner-pins', metrics: { nameSpace: 'Shop' } })
// @ts-expect-error `false` or options
pinnedFetch({ secretId: 'prod/partner-pins', metrics: true })
// @ts-expect-error a URL, 'environment' or false
pinnedFetch({ secretId: 'prod/partner-pins', proxy: true })
// @ts-expect-error a source has a name
pinnedFetch({ source: { load: async () => ({ document: {} }) } })
// @ts-expect-error a source gives a document
pinnedFetch({ source: { name: 'file', load: async () => ({}) } })

createGuard()
// @ts-expect-error misspelt
createGuard({ policy: {}, cacheExpire: 1 })
