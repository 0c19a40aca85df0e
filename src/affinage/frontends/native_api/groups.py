"""`/groups`: conditions that have a name, and who meets them.

Source: GROUP-8 to GROUP-10.
"""

from functools import partial

from starlette.responses import Response

from affinage.domain.values import JsonObject
from affinage.frontends.http.answers import empty_answer, json_answer
from affinage.frontends.http.bodies import read_object
from affinage.frontends.http.etags import guarded, quoted
from affinage.frontends.native_api.calls import Call, Services, paged


async def list_all(services: Services, call: Call) -> Response:
    """GET a page of the groups, by name."""
    page = await services.groups.page(
        after=call.after,
        limit=call.limit,
        by=call.by,
    )
    return paged(page)


async def read(services: Services, call: Call) -> Response:
    """GET a group, with who names it and how many devices are in it."""
    return _shown(await services.groups.get(call.segment("name"), by=call.by))


async def write(services: Services, call: Call) -> Response:
    """PUT a group: without an etag create it, with one change it."""
    name, body = call.segment("name"), await read_object(call.request)
    put = partial(services.groups.put, name, body, by=call.by)
    return _shown(await guarded(call.request, put))


async def delete(services: Services, call: Call) -> Response:
    """DELETE a group that nothing names."""
    gone = partial(services.groups.delete, call.segment("name"), by=call.by)
    await guarded(call.request, gone)
    return empty_answer()


async def members(services: Services, call: Call) -> Response:
    """GET a page of the twins of the devices that are in a group now."""
    page = await services.groups.members(
        call.segment("name"),
        after=call.after,
        limit=call.limit,
        by=call.by,
    )
    return paged(page)


def _shown(document: JsonObject) -> Response:
    return json_answer(document, headers={"ETag": quoted(document["etag"])})
