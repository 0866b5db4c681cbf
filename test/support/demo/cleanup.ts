/**
 * What must be ended when the demo ends, however it ends: processes, servers, a secret at somebody else's endpoint.
 */

export class Cleanup {
  #actions: (() => Promise<unknown>)[] = []

  /** Done at the end, the last one first. */
  add(action: () => Promise<unknown>): void {
    this.#actions.push(action)
  }

  /** Does what is to be done, once. One that fails stops none of the others. */
  async close(): Promise<void> {
    for (let action = this.#actions.pop(); action; action = this.#actions.pop()) await action().catch(() => undefined)
  }
}
