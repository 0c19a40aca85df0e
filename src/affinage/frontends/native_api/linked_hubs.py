"""`/provisioning/hubs`: the hubs that devices are given to.

Source: docs/spec/linked-hubs.md.
"""

from functools import partial

from starlette.responses import Response

from affinage.domain.values import JsonObject
from affinage.frontends.http.answers import empty_answer, json_answer
from affinage.frontends.http.bodies import read_object
from affinage.frontends.http.etags import guarded, quoted
from affinage.frontends.native_api.calls import Call, Services, tagged


async def list_all(services: Services, call: Call) -> Response:
    """GET every hub that devices are given to, without its key."""
    return tagged(call.request, {"hubs": [*await services.links.list_all(by=call.by)]})


async def show(services: Services, call: Call) -> Response:
    """GET one of those hubs."""
    return _shown(await services.links.get(call.segment("host"), by=call.by))


async def write(services: Services, call: Call) -> Response:
    """PUT a hub: without an etag link it, with one change how it is linked."""
    host, body = call.segment("host"), await read_object(call.request)
    put = partial(services.links.put, host, body, by=call.by)
    return _shown(await guarded(call.request, put))


async def delete(services: Services, call: Call) -> Response:
    """DELETE a link: devices are given to that hub no more; those that it has, it keeps."""
    gone = partial(services.links.delete, call.segment("host"), by=call.by)
    await guarded(call.request, gone)
    return empty_answer()


def _shown(document: JsonObject) -> Response:
    return json_answer(document, headers={"ETag": quoted(document["etag"])})
