import { App, Stack } from 'aws-cdk-lib'
import * as lambda from 'aws-cdk-lib/aws-lambda'
import { OutboundGuard } from 'pinned-fetch/cdk'

const stack = new Stack(new App(), 'Quotes')
const quotes = new lambda.Function(stack, 'Quotes', {
  runtime: lambda.Runtime.NODEJS_24_X,
  handler: 'index.handler',
  code: lambda.Code.fromAsset('build'),
})
new OutboundGuard(stack, 'Guard', { policy: 'pins.json' }).protect(quotes)
