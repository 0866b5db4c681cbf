import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseInstant } from '../../lib/policy/instant.ts'

describe('an instant', () => {
  for (const [text, expected] of [
    ['2027-06-30T00:00:00Z', Date.UTC(2027, 5, 30)],
    ['2027-06-30t00:00:00z', Date.UTC(2027, 5, 30)],
    ['2028-02-29T23:59:59Z', Date.UTC(2028, 1, 29, 23, 59, 59)],
    ['2027-06-30T02:00:00+02:00', Date.UTC(2027, 5, 30)],
    ['2027-06-29T18:30:00-05:30', Date.UTC(2027, 5, 30)],
    ['2027-06-30T00:00:00-00:00', Date.UTC(2027, 5, 30)],
    ['2027-06-30T00:00:00.5Z', Date.UTC(2027, 5, 30) + 500],
    ['2027-06-30T00:00:00.123999Z', Date.UTC(2027, 5, 30) + 123],
  ] as const) {
    test(`reads ${text}`, () => assert.equal(parseInstant(text, 'expires'), expected))
  }

  for (const [text, why] of [
    ['2027-02-30T00:00:00Z', 'a day that does not exist'],
    ['2027-02-29T00:00:00Z', 'February 29 of a common year'],
    ['2027-13-01T00:00:00Z', 'a thirteenth month'],
    ['2027-00-01T00:00:00Z', 'month zero'],
    ['2027-01-00T00:00:00Z', 'day zero'],
    ['2027-01-01T24:00:00Z', 'hour 24'],
    ['2027-01-01T00:60:00Z', 'minute 60'],
    ['2026-12-31T23:59:60Z', 'a leap second'],
    ['0050-01-01T00:00:00Z', 'a year that Date.UTC reads as 1950'],
    ['2027-06-30', 'a date alone'],
    ['2027-06-30T00:00:00', 'no zone'],
    ['2027-06-30T00:00Z', 'no seconds'],
    ['2027-06-30 00:00:00Z', 'a space for the T'],
    ['2027-06-30T00:00:00+0200', 'an offset without colon'],
    ['2027-06-30T00:00:00+24:00', 'an offset of a day'],
    ['2027-06-30T00:00:00.Z', 'an empty fraction'],
    [' 2027-06-30T00:00:00Z', 'a leading space'],
    ['2027-06-30T00:00:00Z\n', 'a line end'],
    ['Wed, 30 Jun 2027 00:00:00 GMT', 'an HTTP date'],
    ['٢٠٢٧-06-30T00:00:00Z', 'digits that are not ASCII'],
    ['', 'nothing'],
    [1_814_313_600_000, 'a number'],
    [null, 'null'],
    [new Date(0), 'a Date'],
  ] as const) {
    test(`refuses ${why}`, () => {
      assert.throws(() => parseInstant(text, 'expires'), {
        code: 'ERR_POLICY_MALFORMED',
        message: /: expires: /,
      })
    })
  }
})
