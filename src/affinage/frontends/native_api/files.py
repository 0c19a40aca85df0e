"""`/files`: what devices have uploaded.

Source: UPLOAD-30 to UPLOAD-33.
"""

from typing import Final

from starlette.responses import Response

from affinage.frontends.http.answers import empty_answer
from affinage.frontends.http.paths import decoded_tail
from affinage.frontends.native_api.calls import Call, Services, paged
from affinage.frontends.native_api.streams import Stream

HEADERS: Final = (
    (b"content-type", b"application/octet-stream"),
    (b"content-disposition", b"attachment"),
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
)
"""Of a file: whatever a device wrote into it, nobody's browser shows it as a page of the hub's."""


async def list_all(services: Services, call: Call) -> Response:
    """GET a page of the files, by name."""
    page = await services.files.page(
        device=call.request.query_params.get("device"),
        after=call.after,
        limit=call.limit,
        by=call.by,
    )
    return paged(page)


async def read(services: Services, call: Call) -> Response:
    """GET what is in a file."""
    name = _name(call)
    await services.files.get(name, by=call.by)  # else it would be told when half of it is sent
    return Stream(services.files.read(name, by=call.by), headers=HEADERS)


async def delete(services: Services, call: Call) -> Response:
    """DELETE a file."""
    await services.files.delete(_name(call), by=call.by)
    return empty_answer()


def _name(call: Call) -> str:
    return decoded_tail(call.request.path_params["blob"])
