"""Makes the applications with which moto serves the sandbox and prints moto's version."""

import importlib.metadata

from moto.moto_server.werkzeug_app import create_backend_app

for service in "backup cloudtrail guardduty organizations".split():
    create_backend_app(service)
print(importlib.metadata.version("moto"))
