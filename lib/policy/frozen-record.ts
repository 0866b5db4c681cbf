/**
 * The objects of a policy: with nothing but their own fields. What somebody gave to `Object.prototype` (a `reportUntil`,
 * a `port`) is not taken for what a document said.
 */

/** Makes objects that inherit from an empty one: five times as fast to make, and to read, as `Object.create(null)`. */
const Bare = function Bare() {} as unknown as new () => object
Bare.prototype = Object.freeze(Object.create(null))

/** An object without fields. */
export function emptyRecord(): Record<string, unknown> {
  return new Bare() as Record<string, unknown>
}

/** A frozen copy of the fields. */
export function freezeRecord<Fields extends object>(fields: Fields): Readonly<Fields> {
  return Object.freeze(Object.assign(new Bare(), fields) as Fields)
}
