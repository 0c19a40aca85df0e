"""The service API of provisioning as an ASGI app: which operation is where.

Source: docs/spec/provisioning.md, PROV-20, PROV-21; docs/reference/http-api.md.
"""

from collections.abc import Mapping
from functools import partial
from typing import Final

from starlette.applications import Starlette

from affinage.frontends.http.door import door
from affinage.frontends.http.figures import HttpFigures
from affinage.frontends.http.frame import by_token, framed
from affinage.frontends.provisioning_api import enrollments, registrations
from affinage.frontends.provisioning_api.calls import Call, Operation, Services
from affinage.frontends.provisioning_api.problems import refused

PREFIXES: Final = ("/enrollments", "/enrollmentgroups", "/registrations")
"""Below which all of its paths are, in lower case."""

_ENROLLMENT: Final[dict[str, Operation]] = {
    "GET": enrollments.read,
    "PUT": enrollments.write,
    "DELETE": enrollments.delete,
}

OPERATIONS: Final[dict[str, Mapping[str, Operation]]] = {
    "/enrollments": {"POST": enrollments.bulk},
    "/enrollments/query": {"POST": enrollments.query},
    "/enrollments/{id}": _ENROLLMENT,
    "/enrollments/{id}/attestationmechanism": {"POST": enrollments.show_attestation},
    "/enrollmentGroups": {"POST": enrollments.bulk},
    "/enrollmentGroups/query": {"POST": enrollments.query},
    "/enrollmentGroups/{id}": _ENROLLMENT,
    "/enrollmentGroups/{id}/attestationmechanism": {"POST": enrollments.show_attestation},
    "/registrations/{id}": {"GET": registrations.read, "DELETE": registrations.delete},
    "/registrations/{id}/query": {"POST": registrations.query},
}
"""By path, by method. Words come before ids: what is called `query` has its GET all the same."""


def create_app(services: Services, figures: HttpFigures | None = None) -> Starlette:
    """The door; whoever runs it hosts it over TLS, at the paths below PREFIXES."""
    authenticate = partial(by_token, services.access.service)
    frame = framed(services, authenticate, figures, refuse=refused)
    return door(OPERATIONS, services, Call, frame)
