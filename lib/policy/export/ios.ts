/**
 * Identity pinning of Apple's App Transport Security: `NSAppTransportSecurity` > `NSPinnedDomains`, for `Info.plist`.
 *
 * It tells the server's own key from those of CAs, and both lists must match; `NSIncludesSubdomains` is one label more.
 */

import { plistOf } from './plist.ts'
import type { Site, Target } from './site.ts'

export const ios: Target = {
  title: 'iOS NSPinnedDomains',
  can: {
    keys: 'roles',
    wildcards: 'one-below',
    addresses: 'none',
    hasPorts: false,
    hasAnchors: false,
    hasReportMode: false,
    hasEnd: false,
    overlap: 'unknown',
    minPins: 1,
  },
  write(sites) {
    const domains = Object.fromEntries(sites.map((site) => [site.name, domain(site)]))
    const value = { NSAppTransportSecurity: { NSPinnedDomains: domains } }
    return { text: plistOf(value), value }
  },
}

function domain({ kind, leafPins, issuerPins }: Site) {
  const identities = (pins: readonly string[]) => pins.map((pin) => ({ 'SPKI-SHA256-BASE64': pin }))
  return {
    NSIncludesSubdomains: kind !== 'exact',
    ...(leafPins.length === 0 ? {} : { NSPinnedLeafIdentities: identities(leafPins) }),
    ...(issuerPins.length === 0 ? {} : { NSPinnedCAIdentities: identities(issuerPins) }),
  }
}
