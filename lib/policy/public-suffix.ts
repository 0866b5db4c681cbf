/**
 * Whether a name is a public suffix: `com`, `co.uk`, `github.io`. A wildcard over one would cover names of strangers.
 *
 * The list is tldts' copy of the Public Suffix List, its private section included. It is most of a bundle's bytes beside
 * undici and the SDK, so the store loads this file only for a document that has a wildcard (source/intake.ts).
 */

import { parse } from 'tldts'

/** @param name canonical */
export type IsPublicSuffix = (name: string) => boolean

export function isPublicSuffix(name: string): boolean {
  // Names arrive canonical, so tldts needs neither to extract nor to validate them.
  const options = { allowPrivateDomains: true, extractHostname: false, validateHostname: false, detectIp: false }
  const { publicSuffix, isIcann, isPrivate } = parse(name, options)
  return publicSuffix === name && (isIcann === true || isPrivate === true)
}
