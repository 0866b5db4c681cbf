/**
 * A recorded chain: a file of certificates in PEM, the leaf first, as a server sent them.
 */

import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { splitPem } from '../../x509/trust-set.ts'
import { CommandError } from '../failure.ts'
import { pathOf } from '../policy/place.ts'
import type { World } from '../world.ts'

const HINT = 'give a file of certificates in PEM, the leaf first: openssl s_client -showcerts prints one'

/** @throws {CommandError} when there is no such file, or a certificate in it can't be read */
export async function readChain(place: string, world: World): Promise<readonly X509Certificate[]> {
  const blocks = splitPem(await readChainText(place, world))
  if (blocks.length === 0) throw new CommandError(`${place} holds no certificate`, HINT)
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block)
    } catch (cause) {
      throw new CommandError(`${place}: certificate ${index + 1} cannot be read`, HINT, { cause })
    }
  })
}

async function readChainText(place: string, world: World): Promise<string> {
  try {
    return await readFile(pathOf(place, world), 'latin1')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const problem = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`
    throw new CommandError(`${place}: ${problem}`, HINT, { cause })
  }
}
