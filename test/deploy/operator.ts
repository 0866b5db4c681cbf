/**
 * Whoever changes the pins: the packed command line tool, under the role that the guard was given as a writer.
 */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Credentials } from './aws-api.ts'
import { type Ended, type Environment, run } from './command.ts'
import { policyOf } from './partner.ts'
import type { World } from './world.ts'

export class Operator {
  readonly #tool: string
  readonly #world: World
  readonly #environment: Environment
  #serial = 1

  /** @param tool the file of the packed bin */
  constructor(tool: string, world: World, { accessKeyId, secretAccessKey, sessionToken }: Credentials) {
    this.#tool = tool
    this.#world = world
    this.#environment = {
      ...world.environment,
      AWS_PROFILE: undefined,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_SESSION_TOKEN: sessionToken,
      NO_COLOR: '1',
    }
  }

  /** `pinned-fetch …`; ends with one of `codes` (unset: 0). */
  run(words: readonly string[], codes: readonly number[] = [0]): Promise<Ended> {
    return run([process.execPath, this.#tool, ...words], this.#environment, { codes })
  }

  /** A file with the next policy: the same host, other pins, the next serial. */
  policyFile(pins: readonly string[]): string {
    const file = join(this.#world.folder, `policy-${++this.#serial}.json`)
    writeFileSync(file, policyOf(this.#world.partner, this.#serial, pins))
    return file
  }
}
