"""Where an event goes that a function failed on: the queue of its EventInvokeConfig. Developer Guide, "Capturing records
of Lambda asynchronous invocations". At once: the two retries of the service are left out.
"""

import json

from moto.iam.models import iam_backends
from moto.sqs.models import sqs_backends

import functions
from identity import PARTITION
from policy_documents import is_allowed


def install():
    functions.on_failure = send


def send(function, event, outcome):
    destination = getattr(function, "failure_destination", None)
    if destination is None:
        return
    role = iam_backends[function.account_id][PARTITION].get_role_by_arn(function.role)
    request = {"action": "sqs:SendMessage", "resource": destination, "keys": {}}
    if not is_allowed(role.policies.values(), request):
        raise PermissionError(f"{function.role} may not send to {destination}")
    record = {
        "requestContext": {"functionArn": function.function_arn, "condition": "RetriesExhausted"},
        "requestPayload": event,
        "responsePayload": json.loads(outcome.body),
    }
    queue = sqs_backends[function.account_id][function.region]
    queue.send_message(destination.rsplit(":", 1)[-1], json.dumps(record))
