/**
 * What `cdk` runs (see cdk.json). `-c partnerUrl=https://…` names the API that the example calls.
 */

import { App, type AppProps } from 'aws-cdk-lib'
import { ExampleStack } from './stack.ts'

/** The name of the stack. */
export const STACK = 'PinnedFetchExample'

/** The app with its one stack, not yet synthesized. */
export function exampleApp(props: AppProps = {}): { readonly app: App; readonly stack: ExampleStack } {
  const app = new App(props)
  const partnerUrl: unknown = app.node.tryGetContext('partnerUrl')
  const stack = new ExampleStack(app, STACK, typeof partnerUrl === 'string' ? { partnerUrl } : {})
  return { app, stack }
}

if (import.meta.main) exampleApp().app.synth()
