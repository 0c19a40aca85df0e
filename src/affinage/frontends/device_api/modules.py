"""`/devices/{id}/modules` and `/twins/{id}/…/methods`: what a device and its modules do at home.

Source: DEVICE-30 to DEVICE-32.
"""

from functools import partial

from starlette.responses import Response

from affinage.frontends.device_api.calls import Services
from affinage.frontends.http.answers import empty_answer, json_answer
from affinage.frontends.http.bodies import read_object
from affinage.frontends.http.calls import Call
from affinage.frontends.http.etags import guarded
from affinage.frontends.http.methods import invoked, routed


async def list_all(services: Services, call: Call) -> Response:
    """GET the modules of the device that asks."""
    return json_answer(await services.own_modules.list_all(call.key.device, by=call.by))


async def read(services: Services, call: Call) -> Response:
    """GET one of its modules."""
    return json_answer(await services.own_modules.get(call.key, by=call.by))


async def write(services: Services, call: Call) -> Response:
    """PUT one of its modules: without an etag create it, with one change it."""
    key, body = call.key, await read_object(call.request)
    put = partial(services.own_modules.put, key, body, by=call.by)
    return json_answer(await guarded(call.request, put))


async def delete(services: Services, call: Call) -> Response:
    """DELETE one of its modules."""
    gone = partial(services.own_modules.delete, call.key, by=call.by)
    await guarded(call.request, gone)
    return empty_answer()


async def invoke(services: Services, call: Call) -> Response:
    """POST a method for the module's own device, or another module there, to run."""
    return await routed(call, services.clock, invoked(call, services.own_modules.invoke))
