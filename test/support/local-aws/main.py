"""A local AWS for `npm run test:deploy`: moto's server, and beside it what moto lacks.

The real `cdk` command deploys to it, and deployed functions run in it. What is added, one module each:

- stack/               CloudFormation as `cdk` needs it: outputs, failures, the resource types that moto has no model for
                       CloudFormation's protocol with a Lambda-backed custom resource among them
- functions.py         Lambda: the deployed file, run by Lambda's own runtime client for Node.js, its log and its metrics
- secret_versions.py   Secrets Manager's versions and labels, as the service moves them
- rotations.py         RotateSecret: the four steps, on the deployed function
- embedded_metrics.py  lines of a log that are metrics
- alarms.py            alarms that are evaluated when somebody looks, and their actions
- authorization.py     IAM, for Secrets Manager and its key: the deployed policies decide who reads and writes
- dead_letters.py      where the event goes that a function failed on

Not here: other services' authorization, signatures of requests, encryption, quotas, throttling, TLS, time (a schedule
never fires), retries of asynchronous invocations, the waiting periods of composite alarms, rollback of a stack update.

Usage: python3 main.py, with the settings of settings.py in the environment. It prints {"port": …} when it listens, and
ends when its standard input does.
"""

import json
import sys
import threading

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

import alarms
import authorization
import dead_letters
import embedded_metrics
import functions
import rotations
import secret_versions
import settings
from stack import change_set, custom_resource


ADDITIONS = (
    change_set,
    custom_resource,
    functions,
    embedded_metrics,
    secret_versions,
    rotations,
    alarms,
    authorization,
    dead_letters,
)


class QuietHandler(WSGIRequestHandler):
    """Keeps connections open, and says nothing of requests that went well."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code="-", size="-"):
        if str(code).startswith("5"):
            super().log_request(code, size)


def main():
    application = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=QuietHandler)
    settings.endpoint = f"http://127.0.0.1:{server.server_port}"
    for module in ADDITIONS:
        module.install()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"port": server.server_port}), flush=True)
    try:
        sys.stdin.read()
    except KeyboardInterrupt:
        pass
    functions.stop_all()
    server.shutdown()


if __name__ == "__main__":
    main()
