/**
 * A policy as other programs read it, and what they can't be told.
 */

import type { Policy } from '../document.ts'
import { android } from './android.ts'
import { curl } from './curl.ts'
import { envoy } from './envoy.ts'
import { ios } from './ios.ts'
import { okhttp } from './okhttp.ts'
import { type PlanOptions, planExport } from './plan.ts'
import type { Note, Target, Written } from './site.ts'
import { trustkit } from './trustkit.ts'

export type TargetName = 'android' | 'ios' | 'okhttp' | 'curl' | 'envoy' | 'trustkit'

export const TARGETS: Readonly<Record<TargetName, Target>> = { android, ios, okhttp, curl, envoy, trustkit }

export interface Exported extends Written {
  readonly title: string
  /** How many hosts or patterns were written. */
  readonly size: number
  readonly notes: readonly Note[]
}

/** Writes what the target can be told. Whoever uses it looks at the notes first: `weaker` ones are no export. */
export function exportPolicy(policy: Policy, name: TargetName, options: PlanOptions): Exported {
  const target = TARGETS[name]
  const { sites, notes } = planExport(policy, target.can, options)
  return { ...target.write(sites), title: target.title, size: sites.length, notes }
}
