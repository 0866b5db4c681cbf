/**
 * Where the code of the product's own functions comes from.
 *
 * In a checkout of this repository it is bundled from its TypeScript at synthesis; the published package holds it bundled
 * already (`npm run build`, infra/prebundle.ts), so that whoever deploys it needs no esbuild and deploys what was tested.
 */

import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AssetHashType, DockerImage } from 'aws-cdk-lib'
import { Code } from 'aws-cdk-lib/aws-lambda'
import { bundleFile } from './bundle-file.ts'

/** The TypeScript of each, and its file in the folder `functions/<name>` of the package. */
export const OWN_CODE = {
  'initial-policy': { entry: 'functions/initial-policy.ts', file: 'index.mjs' },
  probe: { entry: 'functions/probe.ts', file: 'index.mjs' },
  rotation: { entry: 'functions/rotation.ts', file: 'index.mjs' },
  // A layer: what Lambda unpacks to /opt.
  preload: { entry: 'lib/lambda/register.ts', file: 'pinned-fetch/register.mjs' },
} as const

export type OwnCode = keyof typeof OWN_CODE

/** Where the preload is in a function that has the layer. */
export const PRELOAD_PATH = `/opt/${OWN_CODE.preload.file}`

/** The folder that `functions`, `lib` and `infra` are in: the checkout, or `dist`. */
const ROOT = fileURLToPath(new URL('..', import.meta.url))

export function codeOf(name: OwnCode): Code {
  const { entry, file } = OWN_CODE[name]
  const published = join(ROOT, 'functions', name)
  if (existsSync(join(published, file))) return Code.fromAsset(published)
  return Code.fromAsset(join(ROOT, dirname(entry)), {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      // Never pulled: the local way is always taken.
      image: DockerImage.fromRegistry('scratch'),
      // Never run; without it the CDK takes the functions of one folder for one asset, since it does not see into `local`.
      command: [name],
      local: {
        tryBundle(folder) {
          bundleFile(join(ROOT, entry), join(folder, file))
          return true
        },
      },
    },
  })
}
