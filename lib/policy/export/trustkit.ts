/**
 * TrustKit (2.0 and later): its dictionary `TSKConfiguration`, for `Info.plist`, or as JSON for the code that sets it.
 *
 * A pin matches any key of the path. The very name counts before a domain above it; of two domains above, whichever
 * TrustKit finds first. It ends the app when a domain has fewer than two pins, or lies below no public suffix; after
 * `TSKExpirationDate` it checks nothing. It only sees connections that are given to its validator.
 */

import { plistOf } from './plist.ts'
import { dayFrom, type Site, type Target } from './site.ts'

export const trustkit: Target = {
  title: 'TrustKit',
  can: {
    keys: 'path',
    wildcards: 'all-below',
    addresses: 'none',
    hasPorts: false,
    hasAnchors: false,
    hasReportMode: true,
    hasEnd: true,
    overlap: 'exact-first',
    minPins: 2,
  },
  write(sites) {
    const domains = Object.fromEntries(sites.map((site) => [site.name, domain(site)]))
    const value = { TSKConfiguration: { TSKSwizzleNetworkDelegates: false, TSKPinnedDomains: domains } }
    return { text: plistOf(value), value }
  },
}

function domain({ kind, pins, isEnforced, until }: Site) {
  return {
    TSKIncludeSubdomains: kind !== 'exact',
    TSKEnforcePinning: isEnforced,
    TSKPublicKeyHashes: pins,
    // Reports would go to the makers of TrustKit.
    TSKDisableDefaultReportUri: true,
    ...(until === undefined ? {} : { TSKExpirationDate: dayFrom(until) }),
  }
}
