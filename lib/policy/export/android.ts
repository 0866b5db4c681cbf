/**
 * Android's Network Security Configuration: `res/xml/network_security_config.xml`.
 *
 * A pin matches any key of the verified path; the longest domain counts; after `expiration` nothing is checked. Plain
 * HTTP to a pinned host is refused, as the policy does.
 */

import { xmlText } from './plist.ts'
import { dayFrom, type Site, type Target } from './site.ts'

export const android: Target = {
  title: 'Android Network Security Config',
  can: {
    keys: 'path',
    wildcards: 'all-below',
    addresses: 'ipv4',
    hasPorts: false,
    hasAnchors: false,
    hasReportMode: false,
    hasEnd: true,
    overlap: 'most-specific',
    minPins: 1,
  },
  write(sites) {
    const body = sites.map(domainConfig).join('')
    const text = `<?xml version="1.0" encoding="utf-8"?>\n<network-security-config>\n${body}</network-security-config>\n`
    return { text, value: text }
  },
}

function domainConfig({ name, kind, pins, until }: Site): string {
  const end = until === undefined ? '' : ` expiration="${dayFrom(until)}"`
  return [
    '  <domain-config cleartextTrafficPermitted="false">',
    `    <domain includeSubdomains="${kind !== 'exact'}">${xmlText(name)}</domain>`,
    `    <pin-set${end}>`,
    ...pins.map((pin) => `      <pin digest="SHA-256">${pin}</pin>`),
    '    </pin-set>',
    '  </domain-config>',
    '',
  ].join('\n')
}
