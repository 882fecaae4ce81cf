"""moto's server, without what it would find out anew for each request."""

import functools
import gc
import logging

from moto.core import responses
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from moto.organizations.models import FakeDelegatedAdministrator
from moto.server import main

# The sandbox records the calls.
logging.getLogger("werkzeug").setLevel("ERROR")

# Neither what serves a host nor what a class has changes: without this a sixth of the time goes there.
find = DomainDispatcherApplication.get_backend_for_host
DomainDispatcherApplication.get_backend_for_host = functools.cache(find)
responses.method_names_from_class = functools.cache(responses.method_names_from_class)

# AWS Config itself can be delegated, not only its rules for the organization.
FakeDelegatedAdministrator.SUPPORTED_SERVICES.append("config.amazonaws.com")

# What is imported stays.
gc.freeze()
gc.set_threshold(10_000)

main()
