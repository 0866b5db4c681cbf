/**
 * Row 25, in a process whose environment names a proxy and tells Node itself to use it: every surface calls once under
 * each policy.
 */

import { parameter, report } from '../child.ts'
import { codeOf, SURFACES, watchedGuard } from '../surfaces.ts'

export interface Given {
  readonly url: string
  readonly proxy: 'environment' | false
  readonly ca: string
  readonly policies: readonly unknown[]
}

export interface Report {
  /** By surface: the status or the code under each policy. */
  readonly outcomes: readonly (readonly (number | string | undefined)[])[]
}

const { url, proxy, ca, policies } = parameter<Given>()
const outcomes: (number | string | undefined)[][] = []
for (const surface of SURFACES) {
  const row: (number | string | undefined)[] = []
  for (const policy of policies) {
    const { guard } = watchedGuard({ policy, ca, proxy })
    row.push(await surface.call(guard, url).then(({ status }) => status, codeOf))
    await guard.close()
  }
  outcomes.push(row)
}
report({ outcomes } satisfies Report)
