/**
 * Text that a stranger wrote (a subject, a reason with one in it), made harmless for a terminal: no control characters,
 * and none that turn the direction of writing or can't be seen.
 */

export function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd')
}
