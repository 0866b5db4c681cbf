/**
 * `npm start`: the main job on this machine. Results go to stdout, progress and reasons to stderr; the exit status says
 * whether everything was observed (see HELP).
 */

import { HELP, parseArguments } from './arguments.ts'
import { Cleanup } from './cleanup.ts'
import { setStage } from './stage.ts'
import { STORY } from './story.ts'
import { Timeline } from './timeline.ts'
import { visit } from './visit.ts'

const FAILED = 1
const MISUSED = 2
/** As a shell tells of a process that a signal ended. */
const SIGNAL_BASE = 128
const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const

const cleanup = new Cleanup()
let isInterrupted = false
for (const [signal, number] of Object.entries(SIGNALS)) {
  process.once(signal, () => {
    isInterrupted = true
    void cleanup.close().finally(() => process.exit(SIGNAL_BASE + number))
  })
}
process.exitCode = await main(process.argv.slice(2))

async function main(given: readonly string[]): Promise<number> {
  const request = parseArguments(given)
  if (request.kind === 'help') {
    process.stdout.write(HELP)
    return 0
  }
  if (request.kind === 'mistake') {
    process.stderr.write(`npm start: ${request.problem}\n\n${HELP}`)
    return MISUSED
  }
  try {
    const timeline = new Timeline(process.stdout)
    return await (request.kind === 'visit' ? tellVisit(request.url, timeline) : tellStory(timeline))
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error))
    return FAILED
  } finally {
    await cleanup.close()
  }
}

async function tellStory(timeline: Timeline): Promise<number> {
  timeline.title('pinned-fetch: a function, its partner and an attacker, on this machine')
  const stage = await setStage(cleanup)
  const { cast, secret, bundle } = stage
  timeline.event('the stage is set')
  timeline.evidence('partner', `${stage.url}, certified by ${cast.partnerCa}`)
  timeline.evidence('attacker', `has a certificate for the same name by ${cast.attackerCa}; the function trusts both`)
  timeline.evidence('pins', `${cast.partner.name} and ${cast.reserve.name}, in the secret ${secret.arn}`)
  timeline.evidence('service', secret.service)
  timeline.evidence(
    'function',
    `functions/example.ts, built by the stack in ${stage.bundleMs} ms: ${kilobytes(bundle.bytes)}`,
  )
  timeline.evidence('runtime', `${stage.environment.runtime}, on Node.js ${process.version}`)

  for (const [index, { title, run }] of STORY.entries()) {
    timeline.heading(`${index + 1}. ${title}`)
    try {
      await run(stage, timeline)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      complain(`step ${index + 1}, "${title}", was not observed\n  ${reason}`)
      return FAILED
    }
  }
  timeline.close(`All ${STORY.length} steps were observed.`)
  return 0
}

async function tellVisit(url: URL, timeline: Timeline): Promise<number> {
  timeline.title(`pinned-fetch: what ${url.host} proves, and one pinned call to it`)
  await visit(url, timeline, cleanup)
  return 0
}

/** What fails because somebody ended the demo is no finding. */
function complain(text: string): void {
  if (!isInterrupted) process.stderr.write(`npm start: ${text}\n`)
}

function kilobytes(bytes: number): string {
  return `index.mjs, ${Math.round(bytes / 1024)} kB`
}
