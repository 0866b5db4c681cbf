"""The Lambda Runtime API (2018-06-01) for one process: it asks for events, and posts what came of them."""

import json
import queue
import re
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PREFIX = "/2018-06-01/runtime/"


class RuntimeApi:
    def __init__(self, function_arn):
        self.function_arn = function_arn
        self.events = queue.Queue()
        self.waiting = {}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler_for(self))
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"127.0.0.1:{self.server.server_port}"

    def invoke(self, event, seconds):
        """What came of it, as ("response" or "error", text). Raises queue.Empty when the time is up."""
        request_id = str(uuid.uuid4())
        answer = self.waiting[request_id] = queue.Queue()
        self.events.put((request_id, event, seconds))
        try:
            return answer.get(timeout=seconds)
        finally:
            del self.waiting[request_id]

    def abandon(self, error_type, message):
        """Ends whatever waits: the process is gone."""
        error = ("error", json.dumps({"errorType": error_type, "errorMessage": message}))
        for answer in list(self.waiting.values()):
            answer.put(error)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def handler_for(api):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def do_GET(self):
            request_id, event, seconds = api.events.get()
            headers = {
                "Lambda-Runtime-Aws-Request-Id": request_id,
                "Lambda-Runtime-Deadline-Ms": str(int((time.time() + seconds) * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": api.function_arn,
                "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000;Sampled=0",
            }
            self.answer(200, json.dumps(event).encode(), headers)

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            path = self.path.removeprefix(PREFIX)
            ended = re.fullmatch(r"invocation/([^/]+)/(response|error)", path)
            if ended and ended[1] in api.waiting:
                api.waiting[ended[1]].put((ended[2], body))
            elif path == "init/error":
                for answer in list(api.waiting.values()):
                    answer.put(("error", body))
            self.answer(202, b'{"status":"OK"}', {})

        def answer(self, status, body, headers):
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler
