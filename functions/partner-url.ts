/**
 * Which URL an event may call: the partner's, with a path of the event's choice.
 *
 * Whoever sends events can't choose another host (SSRF). The path is never resolved as a reference, where `//host` and
 * `/\host` would be one; it goes through setters of `URL` that leave scheme, host, port and credentials alone.
 */

/** Appends an event's path, and its query if it has one, to the partner's URL. */
export function partnerUrl(base: string, path = ''): URL {
  const url = new URL(base)
  if (path === '') return url
  if (!path.startsWith('/')) throw new TypeError('Cannot call the partner: "path" does not start with "/"')
  const [pathname = '', ...query] = path.split('?')
  url.pathname = url.pathname.replace(/\/$/, '') + pathname
  if (query.length > 0) url.search = query.join('?')
  return url
}
