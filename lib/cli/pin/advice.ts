/**
 * What to know before a proposed entry is used, and what to do where there is none.
 */

import type { Probed } from '../../net/probe.ts'
import { authority } from '../../net/proxy/address.ts'
import { formatPin } from '../../policy/pin.ts'
import type { Certificate } from '../../x509/certificate.ts'
import { plain } from '../hosts/plain.ts'
import { type Backup, unusedOf } from './entry.ts'
import { isPublicRoot, ownerOf, rootsOfSameOwner } from './public-roots.ts'
import type { Shown } from './shown.ts'

/** Candidates told; an owner may have ten roots. */
const MAX_CANDIDATES = 4

/** What to do about a chain that does not verify, by Node's code. */
const REPAIRS: readonly (readonly [problem: RegExp, hint: string])[] = [
  [/ALTNAME/, 'ask for the name that the certificate is for: --servername'],
  [/EXPIRED|NOT_YET_VALID/, 'the server needs a new certificate; or look at the clock of this machine'],
  [
    /UNABLE_TO_VERIFY_LEAF|UNABLE_TO_GET_ISSUER/,
    'the server does not send its intermediate certificate, or its root is private: trust that with --ca',
  ],
  [/SELF_SIGNED/, 'where its root is private and really its own, trust it with --ca; else somebody is in between'],
]

const DEFAULT_REPAIR = 'calls to it would be refused, pinned or not: repair its chain first'

/** Lines for stderr. */
export function adviceOn(shown: Shown, backups: readonly Backup[]): readonly string[] {
  const { probed, choice, path } = shown
  const place = authority({ host: probed.servername, port: probed.port })
  const { verified } = probed.path
  if (choice === undefined || verified === undefined || path === undefined) return refusalOf(shown, place)
  const unused = unusedOf(backups, verified)
  const root = path.certificates.at(-1)
  return [
    `${place}: the entry pins ${choice.why}`,
    ...(root !== undefined && !isPublicRoot(root)
      ? [`${place}: its root does not come with Node, so the entry brings it as an anchor`]
      : []),
    ...backups
      .filter((backup) => !unused.includes(backup))
      .map(({ sha256 }) => `warning: ${place}: ${formatPin(sha256)} is in its path already, so it is no backup`),
    ...(unused.length > 0 ? [] : noBackup(shown, place)),
  ]
}

function noBackup({ probed, path, choice }: Shown, place: string): string[] {
  const root = path?.certificates.at(-1)
  const candidates = choice?.role === 'leaf' || root === undefined ? [] : candidatesFor(root, probed)
  const whose =
    choice?.role === 'leaf' ? 'make the next key (pinned-fetch backup-key)' : 'ask its owner for another CA of theirs'
  const owner = root === undefined ? undefined : ownerOf(root.x509)
  return [
    `warning: ${place}: no backup pin: when this key changes, every call fails (RFC 7469 section 4.3)`,
    `hint: ${whose}, and add it with --backup`,
    ...(candidates.length === 0 ? [] : [`hint: roots of "${owner}" in Node's store that are not in the path:`]),
    ...candidates
      .slice(0, MAX_CANDIDATES)
      .map((candidate) => `  --backup ${formatPin(candidate.keyHash)}  ${plain(candidate.title)}`),
    ...(candidates.length > MAX_CANDIDATES ? [`  and ${candidates.length - MAX_CANDIDATES} more`] : []),
  ]
}

/** Roots of the same owner whose keys are in none of its paths. */
function candidatesFor(root: Certificate, { path: { verified } }: Probed): readonly Certificate[] {
  const used = verified?.paths.flatMap(({ certificates }) => certificates.map(({ keyHash }) => keyHash)) ?? []
  return rootsOfSameOwner(root).filter(({ keyHash }) => !used.includes(keyHash))
}

function refusalOf({ probed }: Shown, place: string): string[] {
  const { problem, path } = probed
  const opinions = [
    ...(problem === undefined ? [] : [`Node says ${problem}`]),
    ...(path.verified === undefined ? [plain(path.reason)] : []),
  ]
  const [, hint = DEFAULT_REPAIR] = REPAIRS.find(([pattern]) => pattern.test(problem ?? '')) ?? []
  return [
    `warning: ${place}: its chain does not verify, so no entry is proposed: ${opinions.join('; ')}`,
    `hint: ${hint}`,
  ]
}
