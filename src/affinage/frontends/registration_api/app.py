"""The door of registering devices as an ASGI app: which operation is where.

Source: docs/spec/registering.md, REGISTER-30.
"""

import re
from collections.abc import Mapping
from typing import Final

from starlette.applications import Starlette

from affinage.frontends.http.door import door
from affinage.frontends.http.figures import HttpFigures
from affinage.frontends.http.frame import framed
from affinage.frontends.registration_api import registering
from affinage.frontends.registration_api.calls import Call, Operation, Services, unproven
from affinage.frontends.registration_api.problems import refused

OTHERS: Final = (
    "affinage", "configurations", "devices", "digitaltwins", "enrollmentgroups", "enrollments",
    "jobs", "messages", "metrics", "registrations", "statistics", "twins", "uploads",
)  # fmt: skip
"""How paths of other doors begin, where this one's have an id scope."""

PATHS: Final = re.compile(
    rf"/(?!(?:{'|'.join(OTHERS)})/)[^/]+/registrations/[^/]+(?:/|$)", re.IGNORECASE
)
"""How each path begins; also for scopes of elsewhere, so that they are refused as devices read."""

OPERATIONS: Final[dict[str, Mapping[str, Operation]]] = {
    "/{scope}/registrations/{id}": {"POST": registering.look_up},
    "/{scope}/registrations/{id}/register": {"PUT": registering.register},
    "/{scope}/registrations/{id}/operations/{operation}": {"GET": registering.poll},
}
"""By path, by method."""


def create_app(services: Services, figures: HttpFigures | None = None) -> Starlette:
    """The door; whoever runs it hosts it over TLS, at the paths that PATHS matches."""
    frame = framed(services, unproven, figures, refuse=refused)
    return door(OPERATIONS, services, Call, frame)
