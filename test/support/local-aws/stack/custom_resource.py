"""A custom resource that is backed by a function: it gets the event with a ResponseURL, and puts its answer there.
CloudFormation User Guide, "Custom resource request objects" and "Custom resource response objects".

moto knows creation only, and never looks at the answer. Here Update and Delete are requested as well, a failure fails the
stack, and an update that answers with another physical id is a replacement, as in the service.
"""

import json
import queue
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from moto.awslambda.models import lambda_backends
from moto.cloudformation import parsing

from functions import invoke_later
from stack.resource import Resource

ANSWER_MAX_BYTES = 4096
TIMEOUT_SECONDS = 60


def install():
    class_of = parsing.resource_class_from_type
    parsing.resource_class_from_type = lambda kind: CustomResource if is_custom(kind) else class_of(kind)


def is_custom(resource_type):
    return resource_type.startswith("Custom::") or resource_type == "AWS::CloudFormation::CustomResource"


class CustomResource(Resource):
    @classmethod
    def has_cfn_attr(cls, attr):
        return True

    @classmethod
    def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **told):
        resource = cls((account_id, region_name), None)
        resource.told = {
            "StackId": told["StackId"],
            "LogicalResourceId": told["LogicalId"],
            "ResourceType": told["ResourceType"],
        }
        resource.properties = cloudformation_json["Properties"]
        resource.request("Create")
        return resource

    def update(self, properties):
        before, self.properties = self.properties, properties
        replaced = self.physical_id
        self.request("Update", PhysicalResourceId=replaced, OldResourceProperties=before)
        if self.physical_id != replaced:
            self.request("Delete", PhysicalResourceId=replaced, ResourceProperties=before)

    def remove(self):
        self.request("Delete", PhysicalResourceId=self.physical_id)

    def request(self, kind, **more):
        token = self.properties["ServiceToken"]
        function = lambda_backends[self.account_id][self.region].get_function(token)
        with AnswerPlace() as place:
            event = {
                "RequestType": kind,
                "RequestId": str(uuid.uuid4()),
                "ResponseURL": place.url,
                "ServiceToken": token,
                "ResourceProperties": self.properties,
                **self.told,
                **more,
            }
            invoke_later(function, event)
            answer = place.wait()
        wrong = [name for name in ("StackId", "RequestId", "LogicalResourceId") if answer.get(name) != event[name]]
        if answer["Status"] != "SUCCESS" or wrong:
            raise RuntimeError(f"{event['LogicalResourceId']}: {answer.get('Reason', f'wrong in the answer: {wrong}')}")
        if kind != "Delete":
            self.physical_id, self.attributes = answer["PhysicalResourceId"], answer.get("Data", {})


class AnswerPlace:
    """Where one answer is put: in the service, a pre-signed URL of Amazon S3."""

    def __enter__(self):
        self.answers = queue.Queue()
        self.path = f"/{uuid.uuid4()}"
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler_for(self))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}{self.path}"
        return self

    def wait(self):
        try:
            return json.loads(self.answers.get(timeout=TIMEOUT_SECONDS))
        except queue.Empty:
            raise TimeoutError("The custom resource did not answer CloudFormation") from None

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def handler_for(place):
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_PUT(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            # A pre-signed URL is signed for an empty content type.
            accepted = self.path == place.path and not self.headers["Content-Type"] and len(body) <= ANSWER_MAX_BYTES
            self.send_response(200 if accepted else 403)
            self.end_headers()
            if accepted:
                place.answers.put(body)

    return Handler
