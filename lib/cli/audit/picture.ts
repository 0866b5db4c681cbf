/**
 * The path of a host as a picture (SVG): each certificate a box, the leaf on top, an arrow to what signed it; pinned keys
 * marked; below, the backups that the path does not hold. As wide as a telephone, so that nothing has to be scrolled.
 */

import { days, placeOf } from '../../watch/finding.ts'
import type { HostCheck, KeyView, PinView } from '../../watch/host-check.ts'
import { remaining, shortName, shortPin } from './ending.ts'
import { type Html, html } from './escape.ts'

const WIDTH = 320
const BOX = { x: 2, width: 316, height: 66 }
const GAP = 30
const SPARE = { height: 34, gap: 8 }

/** Spare pins drawn; the list beside the picture has all. */
const MOST_SPARES = 4

/** Characters that fit on a line of the box, for its widest usual font. */
const FITS = { name: 33, tag: 22, spare: 38 }

/** @param id unique in the page */
export function pathPicture(check: HostCheck, id: string): Html {
  const { path, pins, isVerified } = check
  const spares = isVerified ? pins.filter(({ isSeen }) => !isSeen).slice(0, MOST_SPARES) : []
  const bottom = path.length * (BOX.height + GAP) - GAP + 4
  const height = bottom + (spares.length === 0 ? 0 : 24 + spares.length * (SPARE.height + SPARE.gap))
  return html`<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="${id}-title ${id}-text">
<title id="${id}-title">${isVerified ? 'Verified path' : 'Certificates sent, not verified'} of ${placeOf(check)}</title>
<desc id="${id}-text">${description(check)}</desc>
${path.map((key, index) => keyBox(key, index, path.length, isVerified))}
${spares.length === 0 ? undefined : html`<text class="role" x="4" y="${bottom + 18}">pins that are not in the path</text>`}
${spares.map((pin, index) => spareBox(pin, bottom + 24 + index * (SPARE.height + SPARE.gap)))}
</svg>`
}

function description({ path, pins, isVerified }: HostCheck): string {
  const links = path.map(
    ({ role, subject, isPinned, daysLeft }) =>
      `${role} ${subject}${isPinned ? ', pinned' : ''}, ${daysLeft < 0 ? 'ended' : `ends in ${days(daysLeft)}`}`,
  )
  const spares = pins.filter(({ isSeen }) => !isSeen).length
  const rest = isVerified && spares > 0 ? ` Pins not in the path: ${spares}.` : ''
  return `${links.join('; signed by ')}.${rest}`
}

function keyBox(key: KeyView, index: number, count: number, isVerified: boolean): Html {
  const top = 2 + index * (BOX.height + GAP)
  const { role, subject, notAfter, daysLeft, isPinned } = key
  const left = BOX.x + 14
  const isLast = index === count - 1
  return html`<g><title>${subject}</title>
<rect class="node${isPinned ? ' pinned' : ''}" x="${BOX.x}" y="${top}" width="${BOX.width}" height="${BOX.height}" rx="9"/>
<text class="role" x="${left}" y="${top + 19}">${isVerified ? role : 'sent'}</text>
${isPinned ? pinTag(key.name, top) : undefined}
<text class="name" x="${left}" y="${top + 38}">${fitting(shortName(subject), FITS.name)}</text>
<text class="${whenClass(daysLeft)}" x="${left}" y="${top + 56}">${whenText(notAfter, daysLeft)}</text>
</g>${isLast || !isVerified ? undefined : arrow(top + BOX.height)}`
}

/** A needle with a round head, and what the policy calls the key. */
function pinTag(name: string | undefined, top: number): Html {
  const right = BOX.x + BOX.width - 14
  const needle = html`<circle class="head-of-needle" cx="${right - 4}" cy="${top + 13}" r="4"/>
<path class="needle" d="M ${right - 6} ${top + 16} l -5 6"/>`
  return html`${needle}<text class="tag" x="${right - 16}" y="${top + 19}" text-anchor="end">${name === undefined ? 'pinned' : `pinned: ${fitting(name, FITS.tag)}`}</text>`
}

function arrow(top: number): Html {
  const middle = WIDTH / 2
  return html`<path class="arrow" d="M ${middle} ${top + 4} V ${top + GAP - 5} m -4 -5 l 4 5 l 4 -5"/>
<text class="role" x="${middle + 12}" y="${top + 19}">signed by</text>`
}

function spareBox({ pin, name, isFirst, daysLeft }: PinView, top: number): Html {
  const end = daysLeft === undefined ? '' : remaining(daysLeft)
  const text = name ?? `${isFirst ? 'first pin' : 'backup'} ${shortPin(pin)}`
  return html`<g><title>${pin}</title>
<rect class="node spare" x="${BOX.x}" y="${top}" width="${BOX.width}" height="${SPARE.height}" rx="9"/>
<text x="${BOX.x + 14}" y="${top + 22}">${fitting(text, FITS.spare - end.length)}</text>
<text class="when" x="${BOX.x + BOX.width - 14}" y="${top + 22}" text-anchor="end">${end}</text></g>`
}

function whenClass(daysLeft: number): string {
  return daysLeft < 0 ? 'past-text' : 'when'
}

function whenText(notAfter: string, daysLeft: number): string {
  const day = notAfter.slice(0, 10)
  return daysLeft < 0 ? `ended on ${day}` : `until ${day}, ${remaining(daysLeft)} left`
}

/** As much of a text as fits; the whole is in the box's title and in the list. */
export function fitting(text: string, most: number): string {
  const characters = [...text]
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`
}
