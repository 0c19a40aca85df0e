"""`POST /devices/query`: a page of rows, and in its headers how to ask for the next one.

Source: SERVICE-60 to SERVICE-63, docs/spec/query.md.
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from affinage.domain.errors import Malformed
from affinage.domain.values import JsonObject
from affinage.frontends.http.answers import json_answer
from affinage.frontends.http.bodies import read_object
from affinage.frontends.http.calls import Call
from affinage.frontends.http.numbers import integer
from affinage.frontends.service_api.calls import Services
from affinage.services.queries import DEFAULT_PAGE, Page

MAX_ITEMS: Final = "x-ms-max-item-count"
CONTINUATION: Final = "x-ms-continuation"
ITEM_TYPE: Final = "x-ms-item-type"

AS_MANY_AS_YOU_LIKE: Final = -1
"""What some clients send as the size of a page."""


async def run(services: Services, call: Call) -> Response:
    """POST a query."""
    text, size = _text(await read_object(call.request)), page_size(call.request)
    continuation = call.request.headers.get(CONTINUATION)
    page = await services.queries.run(text, continuation=continuation, max_rows=size, by=call.by)
    return json_answer(page.rows, headers=_headers(page))


def _text(body: JsonObject) -> str:
    """Empty if there is none: who may not ask is told that first."""
    text = body.get("query")
    if text is not None and not isinstance(text, str):
        raise Malformed("query must be a string")
    return text or ""


def page_size(request: Request) -> int:
    """How many rows the request wants; Malformed if it does not say a number."""
    given = request.headers.get(MAX_ITEMS)
    if not given:
        return DEFAULT_PAGE
    size = integer(MAX_ITEMS, given)
    return DEFAULT_PAGE if size == AS_MANY_AS_YOU_LIKE else size


def _headers(page: Page) -> dict[str, str]:
    headers = {ITEM_TYPE: page.item_type}
    if page.continuation:
        headers[CONTINUATION] = page.continuation
    return headers
