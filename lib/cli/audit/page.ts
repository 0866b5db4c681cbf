/**
 * An audit as one page of HTML that needs nothing else: no script, no request, no font. Its own policy forbids all of
 * them (Content-Security-Policy), so that nothing that got into it by a foreign name could make one.
 */

import { days, placeOf } from '../../watch/finding.ts'
import type { HostCheck, HostState, KeyView, PinView } from '../../watch/host-check.ts'
import type { Audit, AuditChange, AuditFinding } from './audit.ts'
import { endingsOf, shortPin } from './ending.ts'
import { type Html, html, trusted } from './escape.ts'
import { sightingOf } from './markdown.ts'
import { pathPicture } from './picture.ts'
import { STYLE } from './style.ts'
import { timeline } from './timeline.ts'

/** Not by colour alone. */
const SYMBOLS: Readonly<Record<HostState, string>> = { accepted: '✓', reported: '!', refused: '✕', unreachable: '?' }

/** Hosts in one column of the overview. */
const ONE_COLUMN = 6

const CONTENT_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"

export function pageOf(audit: Audit): Html {
  const { policy, hosts, findings, since } = audit
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${CONTENT_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>Pin audit of ${policy.name}, ${audit.at.slice(0, 10)}</title>
<style>${trusted(STYLE)}</style>
</head>
<body>
<main>
<header>
<h1>Pin audit of ${policy.name}</h1>
<p class="muted">${introduction(audit)}</p>
${tiles(audit)}
</header>
<section><h2>Findings</h2>${findings.length === 0 ? html`<p>None.</p>` : html`<ul class="card rows wide">${findings.map(findingRow)}</ul>`}</section>
${since === undefined ? undefined : html`<section><h2>Changes since ${since.at.slice(0, 10)}</h2>${since.changes.length === 0 ? html`<p>None.</p>` : html`<ul class="card rows wide">${since.changes.map(changeRow)}</ul>`}</section>`}
<section><h2>What ends when</h2><div class="card">${overview(audit)}</div></section>
<section><h2>Hosts</h2>${hosts.map((host, index) => hostCard(host, `host-${index + 1}`, audit))}</section>
</main>
</body>
</html>
`
}

function introduction({ at, policy, unchecked }: Audit): string {
  const facts = [
    `${policy.entries} ${policy.entries === 1 ? 'entry' : 'entries'}`,
    `other hosts: ${policy.default}`,
    ...(policy.serial === undefined ? [] : [`serial ${policy.serial}`]),
    ...(policy.version === undefined ? [] : [`version ${policy.version}`]),
    policy.isSigned ? 'in a signed envelope' : 'not signed',
  ]
  const note = unchecked.length === 0 ? '' : ` Not looked at, since a wildcard names no host: ${unchecked.join(', ')}.`
  return `Looked at on ${at.slice(0, 10)} at ${at.slice(11, 16)} UTC. Policy: ${facts.join(', ')}.${note}`
}

function tiles({ hosts, findings }: Audit): Html {
  const states: readonly HostState[] = ['accepted', 'reported', 'refused', 'unreachable']
  const counts = states.map((state) => [state, hosts.filter((host) => host.state === state).length] as const)
  // That there is none of a kind is worth a tile only for what is good, or always looked for.
  const shown = counts.filter(([state, count]) => count > 0 || state === 'accepted' || state === 'refused')
  return html`<ul class="tiles">${shown.map(([state, count]) => html`<li class="${count === 0 ? 'none' : state}"><strong>${count}</strong>${state}</li>`)}<li><strong>${findings.length}</strong>${findings.length === 1 ? 'finding' : 'findings'}</li></ul>`
}

function findingRow({ severity, code, place, message }: AuditFinding): Html {
  return html`<li><span class="badge ${severity}">${severity}</span><div><span class="label">${place}</span> <span>${message}</span> <code class="muted">${code}</code></div></li>`
}

function changeRow({ kind, place, message }: AuditChange): Html {
  return html`<li><span class="badge muted">${kind}</span><div><span class="label">${place}</span> <span>${message}</span></div></li>`
}

function overview(audit: Audit): Html {
  const rows = audit.hosts
    .map((host) => ({
      label: `${SYMBOLS[host.state]} ${placeOf(host)}`,
      endings: endingsOf(host, Date.parse(audit.at)),
    }))
    .filter(({ endings }) => endings.length > 0)
    .sort((left, right) => (left.endings[0]?.daysLeft ?? 0) - (right.endings[0]?.daysLeft ?? 0))
  if (rows.length === 0) return html`<p>Nothing is known to end.</p>`
  const half = rows.length > ONE_COLUMN ? Math.ceil(rows.length / 2) : rows.length
  const columns = [rows.slice(0, half), rows.slice(half)].filter((column) => column.length > 0)
  return html`<div class="columns">${columns.map((column, index) => timeline(column, 'What ends when, by host', `overview-${index + 1}`, audit.warnDays))}</div>
<p class="small muted">● certificate, ◆ pin, ■ entry. Time grows to the right, and shrinks: the next weeks have the most room.</p>`
}

function hostCard(check: HostCheck, id: string, { at, warnDays }: Audit): Html {
  const { state, code, pattern, path, pins } = check
  const rows = endingsOf(check, Date.parse(at)).map((ending) => ({ label: ending.label, endings: [ending] }))
  return html`<article class="card" aria-labelledby="${id}">
<div class="head"><h3 id="${id}">${placeOf(check)}</h3><span class="badge ${state}">${SYMBOLS[state]} ${state}${code === undefined ? '' : ` (${code})`}</span></div>
<p class="small muted">${pattern === undefined ? 'no entry covers it' : html`entry <code>${pattern}</code>`}${matchNote(check)}</p>
${problem(check)}
<div class="columns">
<div>${path.length === 0 ? undefined : html`<h4>${check.isVerified ? 'Path' : 'What was sent'}</h4>${pathPicture(check, `${id}-path`)}`}</div>
<div>${rows.length === 0 ? undefined : html`<h4>Ends</h4>${timeline(rows, `What ends when, for ${placeOf(check)}`, `${id}-ends`, warnDays)}`}
${pins.length === 0 ? undefined : html`<h4>Pins</h4><ul class="rows">${pins.map((pin) => pinRow(pin, check))}</ul>`}</div>
</div>
${path.length === 0 ? undefined : html`<details><summary>Every key of the path</summary><ol class="rows">${path.map(keyRow)}</ol></details>`}
</article>`
}

function matchNote({ matched }: HostCheck): string {
  if (matched === undefined) return ''
  return `, matched by ${matched.isFirst ? 'its first pin' : 'a backup'}${matched.name === undefined ? '' : ` “${matched.name}”`}`
}

function problem({ problem: text, hint }: HostCheck): Html | undefined {
  if (text === undefined) return undefined
  const lines = [...text.split('\n'), ...(hint === undefined ? [] : [`  hint       ${hint}`])]
  return html`<pre>${lines.map((line, index) => html`${index === 0 ? '' : trusted('\n')}${line}`)}</pre>`
}

function pinRow(pin: PinView, check: HostCheck): Html {
  const { name, list, isFirst, daysLeft, expires } = pin
  const end =
    expires === undefined || daysLeft === undefined
      ? ''
      : `, ${daysLeft < 0 ? 'ended' : 'ends'} on ${expires.slice(0, 10)}`
  return html`<li><span class="label">${name ?? shortPin(pin.pin)}</span> <span class="small muted">${list}, ${isFirst ? 'first' : 'backup'}, ${sightingOf(pin, check)}${end}</span><br><code>${pin.pin}</code></li>`
}

function keyRow({ role, subject, pin, notBefore, notAfter, daysLeft, isPinned }: KeyView): Html {
  const left = daysLeft < 0 ? 'ended' : `${days(daysLeft)} left`
  return html`<li><span class="label">${role}</span> <span class="small muted">${isPinned ? 'pinned, ' : ''}${notBefore.slice(0, 10)} to ${notAfter.slice(0, 10)}, ${left}</span><br>${subject}<br><code>${pin}</code></li>`
}
