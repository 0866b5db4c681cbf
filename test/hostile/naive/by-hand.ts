/**
 * What no machine can tell of the tests of test/attacks, decided by hand and with its reason: which assertions are the
 * attack itself, which tests are no attack on another guard, and which files assert more than what becomes of calls.
 */

interface Chosen {
  /** A part of the file's path. */
  readonly file: string
  /** Of the test, with its suites. */
  readonly name: RegExp
}

/** Tests whose own assertions say whether the attack got through. */
export const DEMANDING: readonly (Chosen & { readonly what: string })[] = [
  {
    file: 'attacks/23-',
    name: /WebSocket, ws:/,
    what: 'the request for a WebSocket arrived in the clear',
  },
  {
    file: 'attacks/24-',
    name: /NODE_TLS_REJECT_UNAUTHORIZED=0/,
    what: 'self-signed, expired and misnamed certificates were accepted, pins or not',
  },
]

/** Tests in which the tutorial guard does nothing wrong, or is not asked for anything that it claims to do. */
export const NO_ATTACKS: readonly (Chosen & { readonly reason: string })[] = [
  {
    file: 'attacks/09-',
    name: /a path of 11 certificates is refused by us/,
    reason: 'the path is genuine and its root pinned; only our own limit speaks against it',
  },
  {
    file: 'attacks/18-',
    name: /"127\.0\.0\.1" is \[::ffff|"api\.partner\.test" is API\.Partner\.Test\.|"xn--bcher-kva\.test" is bücher/,
    reason: 'the owner of the pins spelled the host otherwise; no attacker can choose that',
  },
  {
    file: 'attacks/21-',
    name: /\*\.bücher\.test covers/,
    reason: 'the owner of the pins spelled the host otherwise; no attacker can choose that',
  },
  {
    file: 'attacks/21-',
    name: /a pattern over strangers' names refuses the document/,
    reason: 'it reads no document that it could refuse',
  },
  {
    file: 'attacks/22-',
    name: /a redirect down to http: of an uncovered host/,
    reason: 'it claims nothing of hosts without pins',
  },
  {
    file: 'attacks/26-',
    name: /a TLS socket that is already connected/,
    reason: 'the call fails, and what arrives is another handshake inside the connection, no byte of the request',
  },
  {
    file: 'attacks/26-',
    name: /a caller's own checkServerIdentity may refuse/,
    reason: 'the policy accepts this peer, and only the caller does not',
  },
]

/**
 * In these files a test goes on to ask for more than that calls are refused and answered as they should be. Where only
 * that fails, it is not counted.
 */
const BEYOND: Readonly<Record<string, string>> = {
  '02-': 'the message of the refusal',
  '13-resumed': 'an event for each resumed connection',
  '14-': 'how many handshakes had been completed when the client was gone',
  '16-connection': 'that no session of a client certificate is kept',
  '16-session': 'that sessions are resumed at all',
  '18-': 'that no connection is opened, and what a Host header does to a good call',
  '21-': 'that no connection is opened to a host that is not covered',
  '22-': 'that no connection is opened to a host that is not covered',
  '26-own-options-through-the-dispatcher': 'that no connection is opened to a host that is not covered',
  '26-somebody': 'what somebody sees who looks at the certificates first',
}

export function beyondItsDemands(file: string): boolean {
  return Object.keys(BEYOND).some((start) => file.includes(`attacks/${start}`))
}

/** Why the tutorial guard lets an attack through, or dies of it, by the row of the table of attacks. */
export const CAUSES: Readonly<Record<number, string>> = {
  5: 'Node links issuerCertificate by name, not by signature, so the walk reaches the pinned certificate of another path',
  6: 'Node links issuerCertificate by name, expired certificates included, so the walk reaches a key that proved nothing',
  13: 'Node does not call checkServerIdentity on a resumed session, nor when a server asks for another handshake',
  16: 'Node does not call checkServerIdentity on a resumed session, and takes it as authorized under other trust anchors',
  18: 'pins are looked up by the name as it is spelled: a dot at its end, or an address written otherwise, has none',
  19: "the name that is looked up is the server name of TLS, which undici and Node take from the caller's Host header",
  22: 'checkServerIdentity belongs to TLS: a redirect to http: of the same host asks nobody',
  23: 'checkServerIdentity belongs to TLS: http: asks nobody',
  24: 'with verification turned off Node goes on whatever checkServerIdentity returns, or does not call it',
  26: "the caller's own options and what others patch take effect before checkServerIdentity, or in its place",
  27: 'Node 24 and 26 die while it prepares the certificates for checkServerIdentity; see SECURITY.md',
}

/** Why it refuses calls that must be answered. */
export const CAUSES_OF_REFUSALS: Readonly<Record<number, string>> = {
  8: 'issuerCertificate is one chain, linked by name; the key that is pinned stands on another path that verifies',
  10: 'issuerCertificate is one chain, linked by name; the key that is pinned stands on another path that verifies',
  19: "the pins that are looked up are those of the caller's Host header",
  21: 'pins are looked up by the name as it is spelled: with a dot at its end it has none',
}
