/**
 * OkHttp's `CertificatePinner`, in Kotlin. Its patterns are those of the policy.
 *
 * A pin matches any key of the verified path. Where several patterns cover a host, the pins of all of them pass.
 */

import { formatPin } from '../pin.ts'
import type { Site, Target } from './site.ts'

const PREFIX = { exact: '', 'one-label': '*.', 'any-depth': '**.' } as const

export const okhttp: Target = {
  title: 'OkHttp CertificatePinner',
  can: {
    keys: 'path',
    wildcards: 'patterns',
    addresses: 'ipv4',
    hasPorts: false,
    hasAnchors: false,
    hasReportMode: false,
    hasEnd: false,
    overlap: 'all-together',
    minPins: 1,
  },
  write(sites) {
    const value = sites.map((site) => ({ pattern: patternOf(site), pins: site.pins.map(formatPin) }))
    const adds = value.map(({ pattern, pins }) => {
      const lines = [pattern, ...pins].map((text) => `        ${kotlinText(text)},`)
      return `    .add(\n${lines.join('\n')}\n    )\n`
    })
    const text = `import okhttp3.CertificatePinner\n\nval certificatePinner = CertificatePinner.Builder()\n${adds.join('')}    .build()\n`
    return { text, value }
  },
}

function patternOf({ kind, name }: Site): string {
  return `${PREFIX[kind]}${name}`
}

/** A string of Kotlin; `$` would begin a template in it. */
function kotlinText(text: string): string {
  return JSON.stringify(text).replaceAll('$', '\\$')
}
