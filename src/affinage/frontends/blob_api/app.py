"""The blobs of uploads as an ASGI app: what a device does with the URL that it was given.

Source: docs/spec/uploads.md, UPLOAD-10 to UPLOAD-15.
"""

from dataclasses import dataclass
from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.types import ASGIApp

from affinage.domain.errors import Invalid, Unauthorized
from affinage.domain.principal import Principal
from affinage.frontends.blob_api import blobs
from affinage.frontends.blob_api.problems import refused
from affinage.frontends.http.calls import Call
from affinage.frontends.http.door import door
from affinage.frontends.http.figures import HttpFigures
from affinage.frontends.http.frame import Frame
from affinage.frontends.http.paths import decoded_tail, raw_path
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


class BlobFrame(Frame):
    """The frame of a door whose requests prove by their URL what they may do."""

    def __init__(
        self, app: ASGIApp, uploads: Uploads, clock: Clock, ids: Ids, figures: HttpFigures | None
    ) -> None:
        super().__init__(
            app, _nobody, clock, ids, admit=_any_version, refuse=refused, figures=figures
        )
        self._uploads = uploads

    def principal(self, request: Request, request_id: str) -> Principal:
        """The device whose upload it is; Unauthorized, Disabled."""
        query = request.query_params
        try:
            blob = decoded_tail(raw_path(request.scope)[len(PATH) + 1 :])
        except Invalid:
            raise Unauthorized("the URL is not one of an upload") from None
        return self._uploads.admit(
            query.get("si", ""), blob, query.get("sig", ""), request_id=request_id
        )


def create_app(services: Services, figures: HttpFigures | None = None) -> Starlette:
    """The door; whoever runs it hosts it over TLS."""
    frame = Middleware(
        BlobFrame,
        uploads=services.uploads,
        clock=services.clock,
        ids=services.ids,
        figures=figures,
    )
    return door(OPERATIONS, services.uploads, Call, frame)


def _nobody(authorization: str | None, path: str, *, request_id: str) -> Principal:
    raise AssertionError("a blob is reached by its URL alone")


def _any_version(_: Request) -> None:
    """Clients of all ages behave alike."""
