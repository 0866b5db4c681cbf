/**
 * Where events end that one of the guard's own functions failed on: a queue that is encrypted, takes them over TLS only,
 * and keeps them for two weeks, so that somebody back from holidays still finds them.
 */

import { Duration, Validations } from 'aws-cdk-lib'
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'

/** The longest that SQS keeps a message. */
const RETENTION = Duration.days(14)

export function failedEventsQueue(scope: Construct, id: string): Queue {
  const queue = new Queue(scope, id, {
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: RETENTION,
  })
  Validations.of(queue).acknowledge({
    id: 'AwsSolutions-SQS3',
    reason: 'This is the queue for what failed: whatever fails to leave it stays in it',
  })
  return queue
}
