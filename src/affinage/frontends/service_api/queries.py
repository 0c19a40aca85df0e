"""`POST /devices/query`: a page of rows, and in its headers how to ask for the next one.

Source: SERVICE-60 to SERVICE-63, docs/spec/query.md.
"""

from starlette.responses import Response

from affinage.domain.members import member_text
from affinage.frontends.http.answers import json_answer
from affinage.frontends.http.bodies import read_object
from affinage.frontends.http.calls import Call
from affinage.frontends.http.pages import continuation, page_headers, page_size
from affinage.frontends.service_api.calls import Services
from affinage.services.pages import DEFAULT_PAGE


async def run(services: Services, call: Call) -> Response:
    """POST a query."""
    # Without a text it is refused behind the right: who may not ask is told that first.
    text = member_text(await read_object(call.request), "query") or ""
    size = page_size(call.request, DEFAULT_PAGE)
    after = continuation(call.request)
    page = await services.queries.run(text, continuation=after, max_rows=size, by=call.by)
    return json_answer(page.rows, headers=page_headers(page.item_type, page.continuation))
