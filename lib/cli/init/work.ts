/**
 * What `init` does: one new file.
 */

import { stat } from 'node:fs/promises'
import { newPolicyText } from '../../policy/edit.ts'
import { CommandError, EXIT } from '../failure.ts'
import { writeFileWhole } from '../policy/file.ts'
import { pathOf } from '../policy/place.ts'
import { secretOf } from '../secret/address.ts'
import type { Work } from '../verb.ts'

export interface InitOptions {
  readonly default?: string
  readonly force?: boolean
}

const RULES = ['deny', 'report', 'allow'] as const

export const init: Work<[string, InitOptions]> = async ({ world, voice }, file, options) => {
  const { force = false, default: wanted = 'deny' } = options
  const rule = RULES.find((word) => word === wanted)
  if (rule === undefined) {
    throw new CommandError(`--default ${wanted} is no rule`, 'write deny, report or allow', { exitCode: EXIT.usage })
  }
  if (file === '-' || secretOf(file) !== undefined) {
    const hint = 'give the name of a file; push --create makes a secret of it'
    throw new CommandError(`${file} is no file`, hint, { exitCode: EXIT.usage })
  }
  if (!force && (await isThere(pathOf(file, world)))) {
    const hint = 'give another name, or add to it: pinned-fetch add; --force writes over it'
    throw new CommandError(`${file} is there already`, hint, { exitCode: EXIT.refused })
  }
  await writeFileWhole(file, newPolicyText({ default: rule }), world)
  voice.result({ file, default: rule, serial: 1 }, `${file}: a policy without hosts, default "${rule}"`)
  voice.say(`hint: pinned-fetch pin <host> finds pins; pinned-fetch add ${file} <host> --pin <pin> --pin <backup pin>`)
  return EXIT.ok
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    // What can't be looked at is taken for there.
    return (error as NodeJS.ErrnoException).code !== 'ENOENT'
  }
}
