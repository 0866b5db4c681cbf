/**
 * Edits a policy document as it is written: what is not touched keeps its bytes, names, dates, order and indentation.
 *
 * The text has been read by `parsePolicy` already. Whether an edit hurts is not known here (hazard.ts).
 */

import type { PinList } from './difference.ts'
import { parseHostPattern } from './host.ts'
import {
  insertMember,
  type JsonMember,
  type JsonNode,
  jsonValue,
  memberOf,
  readJson,
  removeMember,
  render,
  replaceNode,
  unitOf,
} from './json-text.ts'
import { pathOfHost } from './malformed.ts'
import { formatPin, parsePin } from './pin.ts'

/** A pin to be written. */
export interface NewPin {
  readonly list: PinList
  /** Canonical base64, without prefix. */
  readonly sha256: string
  readonly name?: string | undefined
  /** RFC 3339. */
  readonly expires?: string | undefined
}

/** What a new policy begins as. */
export interface NewPolicy {
  readonly default: 'deny' | 'report' | 'allow'
}

/** The text of a policy without hosts. With the default "deny" it is refused until it has one: it allows no call. */
export function newPolicyText(policy: NewPolicy): string {
  return `${JSON.stringify({ version: 1, serial: 1, default: policy.default, hosts: {} }, null, 2)}\n`
}

/** The text with these pins in the entry of a host, behind those it has; an entry that is not there is made. */
export function withPins(text: string, host: string, pins: readonly NewPin[]): string {
  const needsFull = isShort(text) && pins.some(({ list }) => list !== 'pins')
  return pins.reduce((written, pin) => withPin(written, host, pin), needsFull ? inFullForm(text) : text)
}

/** The text without pins of a host, whichever of its lists they stand in; a list that loses its last pin goes. */
export function withoutHostPins(text: string, host: string, digests: readonly string[]): string {
  return digests.reduce((written, sha256) => {
    let edited = written
    for (let place = findPin(edited, host, sha256); place !== undefined; place = findPin(edited, host, sha256)) {
      edited = withoutItem(edited, host, place)
    }
    return edited
  }, text)
}

/** The text without the entry of a host. */
export function withoutHost(text: string, host: string): string {
  const hosts = hostsOf(text)
  const entry = entryOf(hosts, host)
  return entry === undefined ? text : removeMember(text, hosts, entry)
}

/** What an entry says beside its pins, each a text: two instants in RFC 3339, and a rule. */
export type EntrySetting = 'reportUntil' | 'expires' | 'onExpiry'

/** The text with a setting in the entry of a host, which is there. @param value unset: without that setting */
export function withSetting(text: string, host: string, setting: EntrySetting, value: string | undefined): string {
  const written = isShort(text) && value !== undefined ? inFullForm(text) : text
  const entry = entryOf(hostsOf(written), host)
  const member = entry?.node.members.find(({ key }) => key === setting)
  if (entry === undefined || (value === undefined && member === undefined)) return text
  if (value === undefined) return member === undefined ? text : removeMember(written, entry.node, member)
  if (member === undefined) return insertMember(written, entry.node, { key: setting, value })
  // The same instant keeps its spelling.
  const isSame = setting !== 'onExpiry' && Date.parse(String(jsonValue(written, member.node))) === Date.parse(value)
  return isSame ? text : replaceNode(written, member.node, render(value))
}

/** The text with a key in the deny list, behind those that are there. */
export function withDenied(text: string, sha256: string): string {
  const written = isShort(text) ? inFullForm(text) : text
  const document = readJson(written)
  const list = memberOf(document, 'deny')
  if (list === undefined) return insertMember(written, document, { key: 'deny', value: [formatPin(sha256)] })
  return itemOf(written, list, sha256) === undefined ? insertMember(written, list, { value: formatPin(sha256) }) : text
}

/** The text without a key in the deny list; a list that loses its last key goes. */
export function withoutDenied(text: string, sha256: string): string {
  const document = readJson(text)
  const deny = document.members.find(({ key }) => key === 'deny')
  const item = deny === undefined ? undefined : itemOf(text, deny.node, sha256)
  if (deny === undefined || item === undefined) return text
  if (deny.node.members.length === 1) return removeMember(text, document, deny)
  // It may stand there twice.
  return withoutDenied(removeMember(text, deny.node, item), sha256)
}

/** The text with the serial one higher; the same where it has none. */
export function withNextSerial(text: string): string {
  const serial = isShort(text) ? undefined : memberOf(readJson(text), 'serial')
  return serial === undefined ? text : replaceNode(text, serial, String(Number(jsonValue(text, serial)) + 1))
}

function withPin(text: string, host: string, pin: NewPin): string {
  const hosts = hostsOf(text)
  const entry = entryOf(hosts, host)
  const written = pinText(pin)
  if (entry === undefined) {
    const value = isShort(text) ? [written] : { [pin.list]: [written] }
    return insertMember(text, hosts, { key: parseHostPattern(host, pathOfHost('hosts', host)).text, value })
  }
  const list = entry.node.kind === 'array' ? entry.node : memberOf(entry.node, pin.list)
  if (list === undefined) {
    const after = entry.node.members.findLast(({ key }) => /pins$/i.test(key))
    return insertMember(text, entry.node, { key: pin.list, value: [written], after })
  }
  const known = itemOf(text, list, pin.sha256)
  if (known === undefined) return insertMember(text, list, { value: written })
  const earlier = parsePin(jsonValue(text, known.node), pin.list)
  // The date as it is written, not as it was read.
  const { expires } = earlier.expires === undefined ? {} : (jsonValue(text, known.node) as { expires: string })
  const merged = { ...pin, name: pin.name ?? earlier.name, expires: pin.expires ?? expires }
  return same(earlier, pin) ? text : replaceNode(text, known.node, render(pinText(merged)))
}

function same(earlier: { readonly name?: string; readonly expires?: number }, { name, expires }: NewPin): boolean {
  const isSameEnd = expires === undefined || Date.parse(expires) === earlier.expires
  return (name === undefined || name === earlier.name) && isSameEnd
}

/** A pin as it is written: short where it has neither a name nor an end. */
function pinText({ sha256, name, expires }: NewPin): unknown {
  if (name === undefined && expires === undefined) return formatPin(sha256)
  return { sha256, ...(name === undefined ? {} : { name }), ...(expires === undefined ? {} : { expires }) }
}

interface PinPlace {
  /** The member of the entry that the list is; unset in the short form, where the entry is the list. */
  readonly member?: JsonMember
  readonly list: JsonNode
  readonly item: JsonMember
}

function findPin(text: string, host: string, sha256: string): PinPlace | undefined {
  const entry = entryOf(hostsOf(text), host)
  if (entry === undefined) return undefined
  if (entry.node.kind === 'array') {
    const item = itemOf(text, entry.node, sha256)
    return item === undefined ? undefined : { list: entry.node, item }
  }
  for (const member of entry.node.members) {
    const item = /pins$/i.test(member.key) ? itemOf(text, member.node, sha256) : undefined
    if (item !== undefined) return { member, list: member.node, item }
  }
  return undefined
}

function withoutItem(text: string, host: string, { member, list, item }: PinPlace): string {
  if (list.members.length > 1) return removeMember(text, list, item)
  const entry = entryOf(hostsOf(text), host)
  const hasOthers = entry?.node.members.some((other) => other.key !== member?.key && /pins$/i.test(other.key))
  if (entry === undefined || member === undefined || !hasOthers) return withoutHost(text, host)
  const own = entry.node.members.find(({ key }) => key === member.key)
  return own === undefined ? text : removeMember(text, entry.node, own)
}

function itemOf(text: string, list: JsonNode, sha256: string): JsonMember | undefined {
  return list.members.find(({ node }) => parsePin(jsonValue(text, node), '').sha256 === sha256)
}

function hostsOf(text: string): JsonNode {
  const document = readJson(text)
  return isShort(text) ? document : (memberOf(document, 'hosts') ?? document)
}

/** By what the key means, not by how it is spelt. */
function entryOf(hosts: JsonNode, host: string): JsonMember | undefined {
  const { text } = parseHostPattern(host, pathOfHost('hosts', host))
  return hosts.members.find(({ key }) => parseHostPattern(key, pathOfHost('hosts', key)).text === text)
}

/** Whether the document is hosts and pins alone. */
function isShort(text: string): boolean {
  return memberOf(readJson(text), 'version') === undefined
}

/** The same document, whose entries can hold more than pins. */
function inFullForm(text: string): string {
  const short = JSON.parse(text) as Readonly<Record<string, unknown>>
  const hosts = Object.fromEntries(Object.entries(short).map(([host, pins]) => [host, { pins }]))
  return `${JSON.stringify({ version: 1, hosts }, null, unitOf(text))}\n`
}
