/**
 * Where a request goes that a proxy agent of the caller's carries: noted among the options of the request, from where it
 * comes to the `tls.connect` in the tunnel. Those agents hand on every option but host and port.
 *
 * The note is an object that is known here, so no option and no prototype of somebody else's is taken for one.
 */

export interface Place {
  readonly host: string
  readonly port: number
}

/** A string: agents copy their options by `for … in`, which leaves symbols behind. */
const KEY = 'pinnedFetchPlace'

const places = new WeakMap<object, Place>()

/** The options, with a note of where the request goes. */
export function withPlace<Options extends object>(options: Options, place: Place): Options {
  const note = {}
  places.set(note, place)
  return { ...options, [KEY]: note }
}

/** Where the request goes that these options have come from. */
export function placeIn(options: object): Place | undefined {
  const note: unknown = Object.hasOwn(options, KEY) ? Reflect.get(options, KEY) : undefined
  return typeof note === 'object' && note !== null ? places.get(note) : undefined
}
