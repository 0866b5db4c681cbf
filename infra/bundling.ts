/**
 * How a handler becomes one file: the esbuild options of every function of the stack, stated once.
 */

import { type BundlingOptions, LogLevel, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs'

export const BUNDLING: BundlingOptions = {
  format: OutputFormat.ESM,
  // The oldest runtime that the package supports; the file then runs on every newer one.
  target: 'node22',
  // The SDK as CommonJS. As ES modules its `import "http"` would be lifted to the top of the one file, and to an ES module
  // Node shows every export of http: some of them load Node's own undici (40 ms of a cold start).
  mainFields: ['main', 'module'],
  minify: true,
  sourceMap: true,
  sourcesContent: false,
  logLevel: LogLevel.WARNING,
  // undici and the SDK are CommonJS inside: what esbuild leaves of their `require` calls asks for Node's own modules.
  banner: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  // The SDK version that was tested, not the one that the runtime happens to hold; and it loads faster.
  bundleAwsSDK: true,
  // `pinned-fetch` is this repository's source, not a build of it. Naming conditions drops esbuild's own `module`.
  esbuildArgs: {
    '--conditions': '@pinned-fetch/source,module',
    // A module that is imported for its effect (undici's capture and restore) must never be dropped in silence.
    '--log-override': 'ignored-bare-import=error',
  },
}
