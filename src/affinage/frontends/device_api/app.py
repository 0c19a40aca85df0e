"""The device API as an ASGI app: which operation is where.

Source: docs/spec/device-api.md.
"""

from collections.abc import Mapping
from functools import partial
from typing import Final

from starlette.applications import Starlette

from affinage.frontends.device_api import files, messages, modules, scopes, telemetry
from affinage.frontends.device_api.calls import Operation, Services
from affinage.frontends.device_api.proofs import by_identity
from affinage.frontends.http.calls import Call
from affinage.frontends.http.door import door
from affinage.frontends.http.figures import HttpFigures
from affinage.frontends.http.frame import framed
from affinage.frontends.http.versions import any_version

OPERATIONS: Final[dict[str, Mapping[str, Operation]]] = {
    "/devices/{id}/messages/events": {"POST": telemetry.send},
    "/devices/{id}/modules/{module}/messages/events": {"POST": telemetry.send},
    "/devices/{id}/messages/devicebound": {"GET": messages.receive},
    "/devices/{id}/messages/devicebound/{lock}": {"DELETE": messages.settle},
    "/devices/{id}/messages/devicebound/{lock}/abandon": {"POST": messages.abandon},
    "/devices/{id}/files": {"POST": files.begin},
    "/devices/{id}/files/notifications": {"POST": files.finish},
    "/devices/{id}/files/notifications/{upload}": {"POST": files.finish},
    "/devices/{id}/files/{blob}": {"GET": files.begin_named},
    "/devices/{id}/modules": {"GET": modules.list_all},
    "/devices/{id}/modules/{module}": {
        "GET": modules.read,
        "PUT": modules.write,
        "DELETE": modules.delete,
    },
    "/devices/{id}/modules/{module}/devicesAndModulesInDeviceScope": {"GET": scopes.list_own},
    "/devices/{id}/modules/{module}/deviceAndModuleInDeviceScope": {"GET": scopes.read_own},
    "/devices/{id}/modules/{module}/devicesAndModulesInTargetDeviceScope": {
        "POST": scopes.list_below,
    },
    "/devices/{id}/modules/{module}/getDeviceAndModuleOnBehalfOf": {"POST": scopes.read_below},
    "/twins/{id}/methods": {"POST": modules.invoke},
    "/twins/{id}/modules/{module}/methods": {"POST": modules.invoke},
}
"""By path, by method."""


def create_app(services: Services, figures: HttpFigures | None = None) -> Starlette:
    """The door; whoever runs it hosts it over TLS."""
    authenticate = partial(by_identity, services.access, services.visits)
    frame = framed(services, authenticate, figures, admit=any_version)
    return door(OPERATIONS, services, Call, frame)
