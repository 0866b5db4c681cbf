/**
 * `npm run test:deploy`: the real `cdk` deploys to a local AWS, and the story of test/deploy/story.ts is told there.
 *
 * Needs Python with moto. Where a machine lacks it, it says so and ends well: nothing was tested then.
 */

import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { Packed } from '../repo/packed.ts'
import { checkLocalAws, type LocalAws, pythonHere, startLocalAws } from './local-aws.ts'
import { type LocalPartner, startLocalPartner } from './partner.ts'
import { Protocol, say } from './protocol.ts'
import { versionOfCdk } from './stack.ts'
import { tell } from './story.ts'
import type { World } from './world.ts'

const REGION = 'us-east-1'

/** Any would do: nobody checks signatures. */
const CREDENTIALS = { accessKeyId: 'administrator', secretAccessKey: 'not-a-secret' }

/** No state takes longer to come on the busiest machine, ms. */
const PATIENCE_MS = 60_000

/** Of what the local AWS printed, when the story failed: the end of the last error. */
const COMPLAINT_LINES = 30

async function main(): Promise<number> {
  const here = pythonHere()
  if ('missing' in here) {
    say(`\ntest:deploy SKIPPED, nothing was deployed. This machine lacks ${here.missing}\n`)
    return 0
  }
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'pinned-fetch-deploy-')))
  const partner = await startLocalPartner(folder)
  const aws = await startLocalAws({ NODE_EXTRA_CA_CERTS: partner.caFile })
  const protocol = new Protocol()
  say(
    `test:deploy   a local AWS (${here.versions}), cdk ${versionOfCdk()}, Node ${process.versions.node}, ${aws.runtime}`,
  )
  try {
    const packed = await protocol.step('what the story needs', async (saw) => {
      saw('the local AWS', await checkLocalAws())
      const made = new Packed()
      saw('npm pack', `${made.files.length} files`)
      return made
    })
    using _ = packed
    const tool = join(packed.folder, 'dist/lib/cli/main.js')
    await tell(protocol, worldOf(aws, partner, folder), tool, () => {})
    protocol.end('test:deploy passed')
    return 0
  } catch (error) {
    const { stdout = '' } = error as { readonly stdout?: unknown }
    say([error instanceof Error ? `${error.name}: ${error.message}` : String(error), stdout].join('\n').trimEnd())
    say(aws.complaints().split('\n').slice(-COMPLAINT_LINES).join('\n'))
    protocol.end('test:deploy FAILED')
    return 1
  } finally {
    await aws.close()
    await partner.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

function worldOf({ endpoint }: LocalAws, partner: LocalPartner, folder: string): World {
  return {
    place: { region: REGION, endpoint },
    credentials: CREDENTIALS,
    environment: {
      PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
      HOME: folder,
      NODE_OPTIONS: process.env['NODE_OPTIONS'],
      NODE_EXTRA_CA_CERTS: partner.caFile,
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
      // By its name, or moto takes the template's URL for one of another form; S3 by its address, or the SDK would put the
      // bucket before the name.
      AWS_ENDPOINT_URL: endpoint.replace('127.0.0.1', 'localhost'),
      AWS_ENDPOINT_URL_S3: endpoint,
      CDK_DISABLE_VERSION_CHECK: '1',
      CI: 'true',
      NO_COLOR: '1',
    },
    partner,
    folder,
    patienceMs: PATIENCE_MS,
    isNew: true,
    hasExample: true,
  }
}

process.exitCode = await main()
