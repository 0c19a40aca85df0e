"""`/policies`: what one may do in the hub, and the keys that prove it.

Source: docs/spec/policies.md.
"""

from collections.abc import Sequence
from functools import partial

from starlette.responses import Response

from affinage.domain.values import JsonObject
from affinage.frontends.http.answers import empty_answer, json_answer
from affinage.frontends.http.bodies import read_object
from affinage.frontends.http.etags import guarded, quoted
from affinage.frontends.native_api.calls import Call, Services, tagged


async def list_all(services: Services, call: Call) -> Response:
    """GET every policy, without its keys."""
    found: Sequence[JsonObject] = await services.policies.list_all(by=call.by)
    return tagged(call.request, {"policies": [*found]})


async def show(services: Services, call: Call) -> Response:
    """GET a policy; its keys if they are asked for."""
    return _shown(
        await services.policies.get(call.segment("name"), with_keys=call.is_set("keys"), by=call.by)
    )


async def write(services: Services, call: Call) -> Response:
    """PUT a policy: without an etag create it, with one change it."""
    name, body = call.segment("name"), await read_object(call.request)
    with_keys = call.is_set("keys")
    put = partial(services.policies.put, name, body, with_keys=with_keys, by=call.by)
    return _shown(await guarded(call.request, put))


async def delete(services: Services, call: Call) -> Response:
    """DELETE a policy; connections that it vouched for end."""
    gone = partial(services.policies.delete, call.segment("name"), by=call.by)
    await guarded(call.request, gone)
    return empty_answer()


async def regenerate(services: Services, call: Call) -> Response:
    """POST which key of a policy shall be made anew, or that the two are swapped."""
    name, body = call.segment("name"), await read_object(call.request)
    with_keys = call.is_set("keys")
    rotate = partial(
        services.policies.rotate, name, body.get("key"), with_keys=with_keys, by=call.by
    )
    return _shown(await guarded(call.request, rotate))


def _shown(document: JsonObject) -> Response:
    headers = {"ETag": quoted(document["etag"]), "Cache-Control": "no-store"}
    return json_answer(document, headers=headers)
