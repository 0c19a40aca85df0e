"""The blobs of uploads as an ASGI app: what a device does with the URL that it was given.

Source: docs/spec/uploads.md, UPLOAD-10 to UPLOAD-15.
"""

from dataclasses import dataclass
from functools import partial
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request

from affinage.domain.errors import Invalid, Unauthorized
from affinage.domain.principal import Principal
from affinage.frontends.blob_api import blobs
from affinage.frontends.blob_api.problems import refused
from affinage.frontends.http.calls import Call
from affinage.frontends.http.door import door
from affinage.frontends.http.figures import HttpFigures
from affinage.frontends.http.frame import framed
from affinage.frontends.http.paths import decoded_tail, raw_path
from affinage.frontends.http.versions import any_version
from affinage.ports.clock import Clock
from affinage.ports.ids import Ids
from affinage.services.uploads import Uploads

PATH: Final = "/uploads"
"""What the paths of this door begin with."""

OPERATIONS: Final = {f"{PATH}/{{blob}}": {"PUT": blobs.write}}
"""By path, by method."""


@dataclass(frozen=True, slots=True)
class Services:
    """What the door needs of the hub."""

    uploads: Uploads
    clock: Clock
    ids: Ids


def create_app(services: Services, figures: HttpFigures | None = None) -> Starlette:
    """The door; whoever runs it hosts it over TLS."""
    authenticate = partial(by_url, services.uploads)
    frame = framed(services, authenticate, figures, admit=any_version, refuse=refused)
    return door(OPERATIONS, services.uploads, Call, frame)


def by_url(uploads: Uploads, request: Request, *, request_id: str) -> Principal:
    """The device whose upload a request's URL names and proves; Unauthorized, Disabled."""
    query = request.query_params
    try:
        blob = decoded_tail(raw_path(request.scope)[len(PATH) + 1 :])
    except Invalid:
        raise Unauthorized("the URL is not one of an upload") from None
    return uploads.admit(query.get("si", ""), blob, query.get("sig", ""), request_id=request_id)
