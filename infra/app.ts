/**
 * What `cdk` runs (see cdk.json). `-c partnerUrl=https://…` names the API that the example calls, `-c writer=…` the role that
 * may change the pins.
 */

import { App, type AppProps } from 'aws-cdk-lib'
import { ExampleStack } from './stack.ts'

/** The name of the stack. */
export const STACK = 'PinnedFetchExample'

/** The app with its one stack, not yet synthesized. */
export function exampleApp(props: AppProps = {}): { readonly app: App; readonly stack: ExampleStack } {
  const app = new App(props)
  const [partnerUrl, writer]: unknown[] = ['partnerUrl', 'writer'].map((name) => app.node.tryGetContext(name))
  const stack = new ExampleStack(app, STACK, {
    ...(typeof partnerUrl === 'string' ? { partnerUrl } : {}),
    ...(typeof writer === 'string' ? { writerRoleName: writer } : {}),
  })
  return { app, stack }
}

if (import.meta.main) exampleApp().app.synth()
