"""The native API as an ASGI app: which operation is where.

Source: docs/spec/native-api.md.
"""

from collections.abc import Mapping
from functools import partial
from typing import Final

from starlette.applications import Starlette

from affinage.frontends.http.door import door
from affinage.frontends.http.figures import HttpFigures
from affinage.frontends.http.frame import by_token, framed
from affinage.frontends.http.versions import any_version
from affinage.frontends.native_api import (
    audit,
    certificates,
    configurations,
    devices,
    doctor,
    events,
    files,
    groups,
    linked_hubs,
    messages,
    metrics,
    openapi,
    policies,
)
from affinage.frontends.native_api.calls import Call, Operation, Services
from affinage.frontends.native_api.described import PREFIX
from affinage.frontends.native_api.problems import refused

OPERATIONS: Final[dict[str, Mapping[str, Operation]]] = {
    "/events": {"GET": events.page},
    "/events/stream": {"GET": events.stream},
    "/audit": {"GET": audit.list_entries},
    "/audit/{number}": {"GET": audit.show},
    "/certificates": {"GET": certificates.list_all},
    "/certificates/{name}": {
        "GET": certificates.show,
        "PUT": certificates.write,
        "DELETE": certificates.delete,
    },
    "/certificates/{name}/challenge": {"POST": certificates.challenge},
    "/certificates/{name}/verify": {"POST": certificates.verify},
    "/configurations": {"GET": configurations.list_all},
    "/configurations/{id}": {
        "GET": configurations.read,
        "PUT": configurations.write,
        "DELETE": configurations.delete,
    },
    "/configurations/{id}/metrics": {"GET": metrics.show},
    "/configurations/{id}/metrics/{metric}/rows": {"GET": metrics.rows},
    "/devices/{id}/messages": {"POST": messages.send},
    "/devices/{id}/replace": {"POST": devices.replace},
    "/devices/{id}/retire": {"POST": devices.retire},
    "/devices/{id}/modules/{module}/messages": {"POST": messages.send},
    "/doctor": {"POST": doctor.begin, "GET": doctor.show},
    "/files": {"GET": files.list_all},
    "/files/{blob}": {"GET": files.read, "DELETE": files.delete},
    "/groups": {"GET": groups.list_all},
    "/groups/{name}": {"GET": groups.read, "PUT": groups.write, "DELETE": groups.delete},
    "/groups/{name}/members": {"GET": groups.members},
    "/openapi/{door}": {"GET": openapi.show},
    "/provisioning/hubs": {"GET": linked_hubs.list_all},
    "/provisioning/hubs/{host}": {
        "GET": linked_hubs.show,
        "PUT": linked_hubs.write,
        "DELETE": linked_hubs.delete,
    },
    "/retired": {"GET": devices.list_retired},
    "/policies": {"GET": policies.list_all},
    "/policies/{name}": {
        "GET": policies.show,
        "PUT": policies.write,
        "DELETE": policies.delete,
    },
    "/policies/{name}/keys/regenerate": {"POST": policies.regenerate},
}
"""By path below the prefix, by method."""


def create_app(services: Services, figures: HttpFigures | None = None) -> Starlette:
    """The door; whoever runs it hosts it over TLS, at the paths below PREFIX."""
    authenticate = partial(by_token, services.access.service)
    frame = framed(services, authenticate, figures, admit=any_version, refuse=refused)
    return door(OPERATIONS, services, Call, frame, prefix=PREFIX)
