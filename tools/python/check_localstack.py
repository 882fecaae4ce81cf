"""Imports what LocalStack serves for the sandbox and prints LocalStack's version.

A Python that installs it need not be able to run it, and that shows only on import. On the way LocalStack's index of
all AWS services is written into the environment, where every LocalStack of a sandbox reads it: to build it takes two
seconds of each first call.
"""

import importlib
import importlib.metadata
import os
import sys

os.environ["FILESYSTEM_ROOT"] = os.path.join(sys.prefix, "filesystem")
# Its folders are those of a host, in a container too.
os.environ["OVERRIDE_IN_DOCKER"] = "0"

import localstack.aws.spec  # noqa: E402
import localstack.config  # noqa: E402
import localstack.runtime.main  # noqa: E402, F401

for service in "ec2 events iam kms route53 s3 secretsmanager sns sqs ssm sts".split():
    importlib.import_module(f"localstack.services.{service}.provider")
index = localstack.config.dirs.static_libs
if not os.path.isdir(index):
    os.makedirs(index)
    localstack.aws.spec.main()
print(importlib.metadata.version("localstack-core"))
