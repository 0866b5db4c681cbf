/**
 * Who a host is, and which hosts a pattern covers.
 *
 * One host has many spellings: `API.X`, `api.x.`, unicode dots, percent-encoding, odd IPv4 forms. The WHATWG URL
 * parser is what `fetch` connects by, so its host parser is the judge here too: two spellings are one host exactly when
 * a URL reaches the same host by them. Beyond it we drop the one trailing dot of a fully qualified name (RFC 1034
 * section 3.1) and unwrap IPv4-mapped IPv6 addresses (RFC 4291 section 2.5.5.2), which reach the same peer.
 *
 * Patterns are OkHttp's: an exact host, `*.x` for exactly one more label, `**.x` for x and any depth below; each may
 * end in `:port`.
 */
import { freezeRecord } from './frozen-record.ts'
import { malformed } from './malformed.ts'

export interface HostPattern {
  /** The canonical spelling, port included: the metric's dimension and the name in errors. */
  readonly text: string
  readonly kind: 'exact' | 'one-label' | 'any-depth'
  /** The canonical host, or the one that the wildcard stands before. */
  readonly base: string
  /** The only port it covers; unset: every port. */
  readonly port?: number
}

/** What a URL would read as the end of its host, and the white space that a URL would drop without a word. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
const NOT_OF_A_HOST = /[\u0000-\u0020\u007f/\\?#@]/

const EMPTY_LABEL = /(?:^|\.)(?:\.|$)/

const LABELS_OF_A_PATTERN = /^[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/

const IPV4 = /^\d+\.\d+\.\d+\.\d+$/

/**
 * A name that a URL leaves as it is: lower-case labels of letters, digits and hyphens, the last of which begins with a
 * letter and so is no number (WHATWG URL, "ends in a number"). Punycode is for the URL parser to judge.
 */
const PLAIN_NAME = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/** Characters of the longest name that DNS can carry (RFC 1035 section 2.3.4). It also bounds a lookup's cost. */
const MAX_NAME = 253

const MAX_PORT = 65_535

/**
 * The canonical identity of a host name or IP literal, IPv6 with or without brackets; undefined when it is none.
 *
 * What has no identity can't be covered, and must be refused whatever the policy's `default` says.
 */
export function canonicalHost(text: string): string | undefined {
  if (isPlainName(text)) return text
  if (text === '' || NOT_OF_A_HOST.test(text)) return undefined
  if (text.startsWith('[') && !text.endsWith(']')) return undefined
  const hostname = URL.parse(`https://${text.includes(':') && !text.startsWith('[') ? `[${text}]` : text}/`)?.hostname
  if (hostname === undefined) return undefined
  if (hostname.startsWith('[')) return unwrapMappedIpv4(hostname.slice(1, -1))
  const name = hostname.endsWith('.') ? hostname.slice(0, -1) : hostname
  return EMPTY_LABEL.test(name) || name.length > MAX_NAME ? undefined : name
}

function isPlainName(text: string): boolean {
  return text.length <= MAX_NAME && PLAIN_NAME.test(text) && !text.includes('xn--')
}

/** Reads a key of `hosts`. Whether a wildcard stands over a public suffix is not looked at here (reading.ts). */
export function parseHostPattern(text: string, path: string): HostPattern {
  if (isPlainName(text)) return freezeRecord<HostPattern>({ text, kind: 'exact', base: text })
  refuseWhatIsNoPattern(text, path)
  const { host, port } = splitPort(text, path)
  const [wildcard = '', rest = host] = /^(\*\*?\.)(.*)$/s.exec(host)?.slice(1) ?? []
  if (rest.includes('*')) {
    throw malformed(path, 'has a "*" that is not its whole first label', 'write "*.name", "**.name" or the exact host')
  }
  const base = canonicalHost(rest)
  if (base === undefined || !(base.includes(':') || LABELS_OF_A_PATTERN.test(base))) {
    throw malformed(path, 'is not a host name or IP address', 'write the host alone, such as "api.partner.example"')
  }
  if (wildcard !== '' && (base.includes(':') || IPV4.test(base))) {
    throw malformed(path, 'has a wildcard over an IP address', 'list each address')
  }
  const place = base.includes(':') ? `[${base}]` : base
  return freezeRecord<HostPattern>({
    text: `${wildcard}${place}${port === undefined ? '' : `:${port}`}`,
    kind: wildcard === '' ? 'exact' : wildcard === '*.' ? 'one-label' : 'any-depth',
    base,
    ...(port === undefined ? {} : { port }),
  })
}

function refuseWhatIsNoPattern(text: string, path: string): void {
  if (text === '') throw malformed(path, 'is an empty name', 'write a host, such as "api.partner.example"')
  if (text === '*' || text === '**') {
    throw malformed(path, 'covers every host', 'list the hosts, and say in "default" what happens to all others')
  }
  if (/[/\\?#@]/.test(text)) {
    const host = URL.parse(text)?.host || '<host>'
    throw malformed(path, 'is a URL or part of one', `write just the host, such as "${host}"`)
  }
  if (NOT_OF_A_HOST.test(text)) throw malformed(path, 'holds white space or control characters', 'write the host alone')
  if (text.includes('%')) throw malformed(path, 'is percent-encoded', 'write the characters themselves, or punycode')
}

function splitPort(text: string, path: string): { readonly host: string; readonly port: number | undefined } {
  const afterName = text.includes(']') ? /^(.*\]):(.*)$/s : /^([^:]*):([^:]*)$/
  const [host, digits] = afterName.exec(text)?.slice(1) ?? []
  if (host !== undefined && digits !== undefined) {
    const port = /^[1-9]\d{0,4}$/.test(digits) ? Number(digits) : Number.NaN
    if (port <= MAX_PORT) return { host, port }
    throw malformed(path, 'has a port that does not exist', `write a port from 1 to ${MAX_PORT}, or none`)
  }
  // "2001:db8::5:443" is an address, and a person may have meant a port.
  const withoutLast = /^([^[\]]*):\d+$/.exec(text)?.[1]
  if (withoutLast !== undefined && canonicalHost(withoutLast) !== undefined) {
    throw malformed(path, 'may end in a port or in a part of the address', 'write the IPv6 address in brackets')
  }
  return { host: text, port: undefined }
}

function unwrapMappedIpv4(address: string): string {
  const [high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(address)?.slice(1) ?? []
  if (high === undefined || low === undefined) return address
  return [high, low].flatMap((part) => [Number.parseInt(part, 16) >> 8, Number.parseInt(part, 16) & 255]).join('.')
}
