/**
 * An object of a policy: frozen, and with nothing but its own fields. What somebody gave to `Object.prototype` (a
 * `reportUntil`, a `port`) is not taken for what a document said.
 */
export function freezeRecord<Fields extends object>(fields: Fields): Readonly<Fields> {
  return Object.freeze(Object.assign(Object.create(null), fields) as Fields)
}
