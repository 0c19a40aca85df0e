"""`POST /devices/query`: a page of rows, and in its headers how to ask for the next one.

Source: SERVICE-60 to SERVICE-63, docs/spec/query.md.
"""

from starlette.responses import Response

from affinage.domain.errors import Malformed
from affinage.domain.values import JsonObject
from affinage.frontends.http.answers import json_answer
from affinage.frontends.http.bodies import read_object
from affinage.frontends.http.calls import Call
from affinage.frontends.http.pages import continuation, page_headers, page_size
from affinage.frontends.service_api.calls import Services
from affinage.services.queries import DEFAULT_PAGE


async def run(services: Services, call: Call) -> Response:
    """POST a query."""
    text, size = _text(await read_object(call.request)), page_size(call.request, DEFAULT_PAGE)
    after = continuation(call.request)
    page = await services.queries.run(text, continuation=after, max_rows=size, by=call.by)
    return json_answer(page.rows, headers=page_headers(page.item_type, page.continuation))


def _text(body: JsonObject) -> str:
    """Empty if there is none: who may not ask is told that first."""
    text = body.get("query")
    if text is not None and not isinstance(text, str):
        raise Malformed("query must be a string")
    return text or ""
