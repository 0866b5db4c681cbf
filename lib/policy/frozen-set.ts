/** A Set that stays as it is: `Object.freeze` alone leaves `add`, `delete` and `clear` at work. */

/** Makes the set itself read-only, and returns it. */
export function freezeSet<Value>(set: Set<Value>): ReadonlySet<Value> {
  const value = () => {
    throw new TypeError('Cannot change a set that is frozen')
  }
  return Object.freeze(Object.defineProperties(set, { add: { value }, delete: { value }, clear: { value } }))
}
