"""Imports what LocalStack serves for the sandbox and prints LocalStack's version.

A Python that installs it need not be able to run it, and that shows only on import.
"""

import importlib
import importlib.metadata

import localstack.runtime.main  # noqa: F401

for service in "ec2 events iam kms route53 s3 secretsmanager sns sqs ssm sts".split():
    importlib.import_module(f"localstack.services.{service}.provider")
print(importlib.metadata.version("localstack-core"))
