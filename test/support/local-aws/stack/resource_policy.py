"""CloudFormation's models of policies on queues, topics and buckets; and of the CDK's own note, which is nothing.
"""

import json

from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from stack.resource import Resource, backend_of


class QueuePolicy(Resource):
    TYPE = "AWS::SQS::QueuePolicy"

    def update(self, properties):
        for url in properties["Queues"]:
            queue = backend_of(sqs_backends, self).get_queue(url.rsplit("/", 1)[-1])
            queue.policy = json.dumps(properties["PolicyDocument"])


class TopicPolicy(Resource):
    TYPE = "AWS::SNS::TopicPolicy"

    def update(self, properties):
        for arn in properties["Topics"]:
            backend_of(sns_backends, self).get_topic(arn).policy = json.dumps(properties["PolicyDocument"])


class BucketPolicy(Resource):
    """Kept here only: moto would deny by it without reading its condition, and every request comes without TLS."""

    TYPE = "AWS::S3::BucketPolicy"

    def update(self, properties):
        self.policy = properties["PolicyDocument"]


class Metadata(Resource):
    TYPE = "AWS::CDK::Metadata"
