/**
 * Envoy: a static cluster for each host, whose upstream TLS context has `verify_certificate_spki`, as YAML.
 *
 * Envoy compares the server's own key alone, and checks neither chain nor name unless it is told to. So both are
 * written: `trusted_ca` and `match_typed_subject_alt_names`.
 */

import type { Site, Target } from './site.ts'

const HTTPS_PORT = 443

/** Of Debian, Alpine and Envoy's own images. */
const SYSTEM_ROOTS = '/etc/ssl/certs/ca-certificates.crt'

const TLS_CONTEXT = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext'

export const envoy: Target = {
  title: 'Envoy verify_certificate_spki',
  can: {
    keys: 'leaf',
    wildcards: 'none',
    addresses: 'all',
    hasPorts: true,
    hasAnchors: true,
    hasReportMode: false,
    hasEnd: false,
    overlap: 'none',
    minPins: 1,
  },
  write(sites) {
    const value = { static_resources: { clusters: sites.map(cluster) } }
    return { text: `${yaml(value, '')}\n`, value }
  },
}

function cluster({ name, port = HTTPS_PORT, pins, anchors }: Site) {
  const title = `${name.includes(':') ? `[${name}]` : name}:${port}`
  const isAddress = name.includes(':') || /^[\d.]+$/.test(name)
  const endpoint = { address: { socket_address: { address: name, port_value: port } } }
  return {
    name: title,
    type: isAddress ? 'STATIC' : 'STRICT_DNS',
    load_assignment: { cluster_name: title, endpoints: [{ lb_endpoints: [{ endpoint }] }] },
    transport_socket: {
      name: 'envoy.transport_sockets.tls',
      typed_config: {
        '@type': TLS_CONTEXT,
        ...(isAddress ? {} : { sni: name }),
        common_tls_context: {
          validation_context: {
            trusted_ca:
              anchors === undefined ? { filename: SYSTEM_ROOTS } : { inline_string: `${anchors.join('\n')}\n` },
            match_typed_subject_alt_names: [{ san_type: isAddress ? 'IP_ADDRESS' : 'DNS', matcher: { exact: name } }],
            verify_certificate_spki: pins,
          },
        },
      },
    },
  }
}

/** Block style; scalars and keys as in JSON, which is YAML. */
function yaml(value: unknown, indent: string): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries: [string, unknown][] = Array.isArray(value)
    ? value.map((item) => ['-', item])
    : Object.entries(value).map(([key, item]) => [/^\w+$/.test(key) ? `${key}:` : `${JSON.stringify(key)}:`, item])
  if (entries.length === 0) return Array.isArray(value) ? '[]' : '{}'
  return entries
    .map(([lead, item]) => {
      const isBlock = typeof item === 'object' && item !== null && Object.keys(item).length > 0
      if (!isBlock) return `${indent}${lead} ${yaml(item, indent)}`
      const inner = yaml(item, `${indent}  `)
      return lead === '-' ? `${indent}- ${inner.trimStart()}` : `${indent}${lead}\n${inner}`
    })
    .join('\n')
}
