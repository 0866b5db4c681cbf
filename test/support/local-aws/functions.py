"""Lambda: a deployed function, run as the service runs it. Its file is unpacked, Lambda's runtime client loads it in a
process with its variables and its role's credentials, and what it prints becomes log lines and metrics.

One execution environment for each function, one event at a time. A change of its code or configuration ends it, and the
next event starts another.
"""

import io
import json
import os
import queue
import shutil
import subprocess
import tempfile
import threading
import zipfile
from dataclasses import dataclass

from moto.awslambda.models import LambdaFunction
from moto.core.utils import unix_time_millis
from moto.logs.models import logs_backends

import embedded_metrics
import settings
from identity import credentials_of
from policy_documents import is_allowed
from runtime_api import RuntimeApi

TAIL_CHARACTERS = 4096


@dataclass(frozen=True)
class Outcome:
    succeeded: bool
    body: str
    log: str


def on_failure(function, event, outcome):
    """Replaced by dead_letters.py."""


environments = {}
lock = threading.Lock()


def install():
    LambdaFunction.invoke = invoke_action


def stop_all():
    for environment in list(environments.values()):
        environment.stop()


def stop(function_arn):
    environment = environments.pop(function_arn, None)
    if environment is not None:
        environment.stop()


def invoke_action(function, body, request_headers, response_headers):
    """The action Invoke, in the place of moto's."""
    event = json.loads(body) if body else {}
    if request_headers.get("X-Amz-Invocation-Type") == "Event":
        invoke_later(function, event)
        return b""
    outcome = invoke(function, event)
    if not outcome.succeeded:
        response_headers["x-amz-function-error"] = "Unhandled"
    return outcome.body.encode()


def invoke_later(function, event, by=None, source=None):
    def run():
        outcome = invoke(function, event, by, source)
        if not outcome.succeeded:
            on_failure(function, event, outcome)

    threading.Thread(target=run, daemon=True).start()


def invoke(function, event, by=None, source=None):
    """`by`: the service that calls, for the resource `source`; the function's own policy has to let it."""
    if by is not None and not is_permitted(function, by, source):
        raise PermissionError(f"{function.function_arn} has no permission for {by} of {source}")
    with lock:
        environment = environments.get(function.function_arn)
        if environment is None or not environment.fits(function):
            stop(function.function_arn)
            environment = environments[function.function_arn] = Environment(function)
    return environment.invoke(event)


def is_permitted(function, service, source):
    request = {
        "action": "lambda:InvokeFunction",
        "resource": function.function_arn,
        "principal": service,
        "keys": {"aws:SourceArn": source, "aws:SourceAccount": function.account_id},
    }
    return is_allowed([{"Statement": function.policy.statements}], request)


class Environment:
    def __init__(self, function):
        self.function = function
        self.made_of = self.ingredients(function)
        self.turn = threading.Lock()
        self.lines = []
        self.folder = tempfile.mkdtemp(prefix="pinned-fetch-task-")
        zipfile.ZipFile(io.BytesIO(function.code_bytes)).extractall(self.folder)
        self.api = RuntimeApi(function.function_arn)
        self.log = Log(function)
        self.process = subprocess.Popen(
            [settings.NODE, settings.RUNTIME_CLIENT],
            cwd=self.folder,
            env=self.variables(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf8",
        )
        threading.Thread(target=self.pump, daemon=True).start()

    def ingredients(self, function):
        variables = json.dumps(function.environment_vars, sort_keys=True)
        return function.code_sha_256, variables, function.role, function.description

    def fits(self, function):
        return self.process.poll() is None and self.ingredients(function) == self.made_of

    def variables(self):
        function = self.function
        logging = getattr(function, "logging", {})
        return {
            "PATH": os.environ["PATH"],
            "AWS_LAMBDA_RUNTIME_API": self.api.address,
            "AWS_ENDPOINT_URL": settings.endpoint,
            **credentials_of(function.account_id, function.region, function.role, function.function_name[:64]),
            **settings.FUNCTION_ENVIRONMENT,
            **{name: str(value) for name, value in (function.environment_vars or {}).items()},
            "_HANDLER": function.handler,
            "LAMBDA_TASK_ROOT": self.folder,
            "AWS_REGION": function.region,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
            "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_FORMAT": logging.get("LogFormat", "Text"),
            "AWS_LAMBDA_LOG_GROUP_NAME": self.log.group,
            "AWS_LAMBDA_LOG_STREAM_NAME": self.log.stream,
        }

    def invoke(self, event):
        seconds = int(self.function.timeout)
        with self.turn:
            printed = len(self.lines)
            try:
                kind, body = self.api.invoke(event, seconds)
            except queue.Empty:
                self.process.kill()
                kind, body = "error", json.dumps({"errorMessage": f"Task timed out after {seconds}.00 seconds"})
            return Outcome(kind == "response", body, "".join(self.lines[printed:])[-TAIL_CHARACTERS:])

    def pump(self):
        for line in self.process.stdout:
            self.lines.append(line)
            self.log.write(line)
            embedded_metrics.take(line, self.function.account_id, self.function.region)
        self.api.abandon("Runtime.ExitError", "Runtime exited: " + "".join(self.lines[-5:]))

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.api.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Log:
    """The function's stream in its log group; without a group, what it prints is lost."""

    def __init__(self, function):
        self.backend = logs_backends[function.account_id][function.region]
        self.group = getattr(function, "logging", {}).get("LogGroup", f"/aws/lambda/{function.function_name}")
        self.stream = f"[$LATEST]{function.code_sha_256[:8]}"
        if self.group in self.backend.groups:
            self.backend.ensure_log_stream(self.group, self.stream)

    def write(self, line):
        if self.group in self.backend.groups:
            event = {"timestamp": int(unix_time_millis()), "message": line.rstrip("\n")}
            self.backend.put_log_events(self.group, self.stream, [event])
