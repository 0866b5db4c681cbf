/**
 * `curl --pinnedpubkey`: one command line for each host, for a shell.
 *
 * curl compares the server's own key alone. It is told to speak nothing but HTTPS, since plain HTTP has no key.
 */

import type { Site, Target } from './site.ts'

const HTTPS_PORT = 443

export const curl: Target = {
  title: 'curl --pinnedpubkey',
  can: {
    keys: 'leaf',
    wildcards: 'none',
    addresses: 'all',
    hasPorts: true,
    hasAnchors: false,
    hasReportMode: false,
    hasEnd: false,
    overlap: 'none',
    minPins: 1,
  },
  write(sites) {
    const value = sites.map((site) => ({
      url: urlOf(site),
      pinnedpubkey: site.pins.map((pin) => `sha256//${pin}`).join(';'),
    }))
    // Canonical hosts and base64 hold no quote.
    const lines = value.map(
      ({ url, pinnedpubkey }) =>
        `curl ${url.includes('[') ? '--globoff ' : ''}--proto '=https' --pinnedpubkey '${pinnedpubkey}' '${url}'`,
    )
    return { text: lines.map((line) => `${line}\n`).join(''), value }
  },
}

function urlOf({ name, port = HTTPS_PORT }: Site): string {
  const host = name.includes(':') ? `[${name}]` : name
  return `https://${host}${port === HTTPS_PORT ? '' : `:${port}`}/`
}
