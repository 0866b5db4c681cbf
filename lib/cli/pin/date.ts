/**
 * The day of an instant, in UTC: nobody needs the second at which a certificate ends.
 */

export function dateOf(instant: number): string {
  return new Date(instant).toISOString().slice(0, 10)
}
