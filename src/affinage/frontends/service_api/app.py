"""The service API as an ASGI app: which operation is where.

Source: docs/reference/http-api.md.
"""

from collections.abc import Mapping
from functools import partial
from typing import Final

from starlette.applications import Starlette

from affinage.frontends.http.calls import Call
from affinage.frontends.http.door import door
from affinage.frontends.http.figures import HttpFigures
from affinage.frontends.http.frame import by_token, framed
from affinage.frontends.service_api import (
    bulk,
    configurations,
    contents,
    digital_twins,
    identities,
    jobs,
    keys,
    messages,
    methods,
    notices,
    queries,
    transfers,
    twins,
)
from affinage.frontends.service_api.calls import Operation, Services

_IDENTITY: Final[dict[str, Operation]] = {
    "GET": identities.read,
    "PUT": identities.write,
    "DELETE": identities.delete,
}
_TWIN: Final[dict[str, Operation]] = {
    "GET": twins.read,
    "PATCH": twins.patch,
    "PUT": twins.replace,
}
_CONFIGURATION: Final[dict[str, Operation]] = {
    "GET": configurations.read,
    "PUT": configurations.write,
    "DELETE": configurations.delete,
}

OPERATIONS: Final[dict[str, Mapping[str, Operation]]] = {
    "/devices": {"GET": identities.list_devices, "POST": bulk.run},
    "/devices/query": {"POST": queries.run},
    "/devices/keys/regenerate": {"POST": keys.regenerate},
    "/devices/{id}": _IDENTITY,
    "/devices/{id}/commands": {"DELETE": messages.purge},
    "/devices/{id}/modules": {"GET": identities.list_modules},
    "/devices/{id}/applyConfigurationContent": {"POST": contents.apply},
    "/devices/{id}/modules/{module}": _IDENTITY,
    "/twins/{id}": _TWIN,
    "/twins/{id}/modules/{module}": _TWIN,
    "/twins/{id}/methods": {"POST": methods.invoke},
    "/twins/{id}/modules/{module}/methods": {"POST": methods.invoke},
    "/messages/serviceBound/feedback": {"GET": messages.receive},
    "/messages/serviceBound/feedback/{lock}": {"DELETE": messages.complete},
    "/messages/serviceBound/feedback/{lock}/abandon": {"POST": messages.abandon},
    "/messages/serviceBound/filenotifications": {"GET": notices.receive},
    "/messages/serviceBound/filenotifications/{lock}": {"DELETE": notices.complete},
    "/messages/serviceBound/filenotifications/{lock}/abandon": {"POST": notices.abandon},
    "/digitaltwins/{id}": {"GET": digital_twins.read, "PATCH": digital_twins.patch},
    "/digitaltwins/{id}/commands/{command}": {"POST": digital_twins.invoke},
    "/digitaltwins/{id}/components/{component}/commands/{command}": {"POST": digital_twins.invoke},
    "/jobs": {"GET": transfers.list_all},
    "/jobs/create": {"POST": transfers.create},
    "/jobs/{id}": {"GET": transfers.read, "DELETE": transfers.cancel},
    "/jobs/v2/query": {"GET": jobs.list_all},
    "/jobs/v2/{id}": {"GET": jobs.read, "PUT": jobs.create},
    "/jobs/v2/{id}/cancel": {"POST": jobs.cancel},
    "/configurations": {"GET": configurations.list_all},
    "/configurations/testQueries": {"POST": configurations.test_queries},
    "/configurations/{id}": _CONFIGURATION,
    "/statistics/devices": {"GET": identities.count_devices},
    "/statistics/service": {"GET": identities.count_connected},
}
"""By path, by method. Words come before ids: a device may be called `query`, and has its GET."""


def create_app(services: Services, figures: HttpFigures | None = None) -> Starlette:
    """The door; whoever runs it hosts it over TLS."""
    frame = framed(services, partial(by_token, services.access.service), figures)
    return door(OPERATIONS, services, Call, frame)
