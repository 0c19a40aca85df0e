"""`/devices`, `/devices/{id}/modules` and `/statistics`: the registry.

Source: SERVICE-30 to SERVICE-35, docs/spec/identity.md.
"""

from functools import partial

from starlette.responses import Response

from affinage.domain.names import TwinKey
from affinage.domain.values import JsonObject
from affinage.frontends.http.answers import empty_answer, json_answer
from affinage.frontends.http.bodies import read_object
from affinage.frontends.http.calls import Call
from affinage.frontends.http.etags import guarded, quoted
from affinage.frontends.http.numbers import top
from affinage.frontends.service_api.calls import Services
from affinage.services.registry import MAX_LISTED


async def read(services: Services, call: Call) -> Response:
    """GET an identity."""
    key = call.key
    return _shown(key, await services.registry.get(key, by=call.by))


async def write(services: Services, call: Call) -> Response:
    """PUT an identity: without an etag create it, with one change it."""
    key, body = call.key, await read_object(call.request)
    put = partial(services.registry.put, key, body, by=call.by)
    return _shown(key, await guarded(call.request, put))


async def delete(services: Services, call: Call) -> Response:
    """DELETE an identity."""
    gone = partial(services.registry.delete, call.key, by=call.by)
    await guarded(call.request, gone)
    return empty_answer()


async def list_devices(services: Services, call: Call) -> Response:
    """GET the first devices."""
    limit = top(call.request) or MAX_LISTED
    return json_answer(await services.registry.list_devices(limit, by=call.by))


async def list_modules(services: Services, call: Call) -> Response:
    """GET the modules of a device."""
    return json_answer(await services.registry.list_modules(call.key.device, by=call.by))


async def count_devices(services: Services, call: Call) -> Response:
    """GET how many devices there are."""
    counted = await services.registry.statistics(by=call.by)
    return json_answer({f"{name}DeviceCount": count for name, count in counted.items()})


async def count_connected(services: Services, call: Call) -> Response:
    """GET how many are connected."""
    connected = await services.registry.connected(by=call.by)
    return json_answer({"connectedDeviceCount": connected})


def _shown(key: TwinKey, document: JsonObject) -> Response:
    """Of the registry's documents only a device's has its etag in a header too."""
    headers = {"ETag": quoted(document["etag"])} if key.module is None else None
    return json_answer(document, headers=headers)
