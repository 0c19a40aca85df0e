"""`/metrics` as an ASGI app: a page of numbers for Prometheus, in the format that it asks for.

It shows nothing of a single device, but how a fleet goes is nobody else's business: who asks
proves himself as at the other doors. Refusals are plain text, for people who set a scraper up.

Source: docs/reference/metrics.md.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response

from affinage.domain.errors import Forbidden
from affinage.frontends.http.calls import Call
from affinage.frontends.http.door import door
from affinage.frontends.http.figures import HttpFigures
from affinage.frontends.http.frame import by_token, framed
from affinage.frontends.http.problems import advice, code, told
from affinage.frontends.http.versions import any_version
from affinage.ports.clock import Clock
from affinage.ports.ids import Ids
from affinage.services.access import Access
from affinage.services.metrics import Metrics

PATH: Final = "/metrics"

FORBIDDEN: Final = 403
"""As HTTP has it; the 401 of the service API is for clients of Azure, which know no other."""


@dataclass(frozen=True, slots=True)
class Services:
    """What the door needs of the hub."""

    access: Access
    metrics: Metrics
    clock: Clock
    ids: Ids


def create_app(services: Services, figures: HttpFigures | None = None) -> Starlette:
    """The door; whoever runs it hosts it over TLS, at PATH."""
    authenticate = partial(by_token, services.access.service)
    frame = framed(services, authenticate, figures, admit=any_version, refuse=refused)
    return door({PATH: {"GET": show}}, services, Call, frame)


async def show(services: Services, call: Call) -> Response:
    """GET the page, in a format that whoever asks accepts."""
    accept = call.request.headers.get("accept", "")
    page = await services.metrics.page(accept, by=call.by)
    return Response(page.body, headers={"Content-Type": page.content_type})


def refused(error: Exception, *, request_id: str, at: datetime) -> Response:
    """The answer to a request that was refused, or that failed."""
    status = FORBIDDEN if isinstance(error, Forbidden) else code(error).status
    return PlainTextResponse(f"{told(error)}\n", status, advice(error))
