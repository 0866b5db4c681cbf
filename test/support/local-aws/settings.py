"""What the machine gives: read from the environment, except the endpoint, which is known when the server listens."""

import json
import os

# Node.js, and the module that drives a handler by the Runtime API.
NODE = os.environ.get("LOCAL_AWS_NODE", "node")
RUNTIME_CLIENT = os.environ["LOCAL_AWS_RUNTIME_CLIENT"]

# Variables that every function gets besides its own: roots that the machine trusts, names that it resolves.
FUNCTION_ENVIRONMENT = json.loads(os.environ.get("LOCAL_AWS_FUNCTION_ENVIRONMENT", "{}"))

# As a base URL; set by main.py.
endpoint = ""
