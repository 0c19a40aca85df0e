"""`/registrations`: what became of devices that came.

Source: docs/spec/provisioning.md, PROV-26 to PROV-28.
"""

from functools import partial

from starlette.responses import Response

from affinage.frontends.http.answers import empty_answer, json_answer
from affinage.frontends.http.etags import guarded
from affinage.frontends.provisioning_api.calls import Call, Services
from affinage.frontends.provisioning_api.pages import answer, wanted


async def read(services: Services, call: Call) -> Response:
    """GET what is known of a device that registered."""
    found = await services.states.get(call.name, by=call.by)
    return json_answer(found, headers={"ETag": f'"{found["etag"]}"'})


async def delete(services: Services, call: Call) -> Response:
    """DELETE what is known of a device that registered; it stays where it is."""
    gone = partial(services.states.delete, call.name, by=call.by)
    await guarded(call.request, gone)
    return empty_answer()


async def query(services: Services, call: Call) -> Response:
    """POST for a page of the registrations of a group."""
    page_of = wanted(call)
    page = await services.states.page(
        call.name, after=page_of.after, limit=page_of.limit, by=call.by
    )
    return answer(page, page_of)
