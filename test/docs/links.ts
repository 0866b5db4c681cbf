/**
 * Links of a page to files of this repository, and to headings in them.
 */

import { existsSync, readFileSync } from 'node:fs'

/** Those that lead nowhere. */
export function brokenLinksOf(page: URL): readonly string[] {
  const links = [...readFileSync(page, 'utf8').matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link)
  return links.filter((link) => !/^[a-z]+:/.test(link) && !leadsSomewhere(link, page))
}

function leadsSomewhere(link: string, page: URL): boolean {
  const [file = '', heading] = link.split('#')
  const target = file === '' ? page : new URL(file, page)
  if (!existsSync(target)) return false
  return heading === undefined || anchorsOf(readFileSync(target, 'utf8')).includes(heading)
}

/** As GitHub makes them of the headings. */
function anchorsOf(page: string): readonly string[] {
  return [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}
