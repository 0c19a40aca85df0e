"""`/digitaltwins/{id}` and its commands.

Source: DIGITAL-3, DIGITAL-9, DIGITAL-10.
"""

from functools import partial
from typing import Final
from urllib.parse import quote

from starlette.responses import Response

from affinage.domain.digital_twin import steps
from affinage.domain.method import MethodRequest, requested
from affinage.domain.values import JsonObject
from affinage.frontends.http.answers import json_answer
from affinage.frontends.http.bodies import read_json
from affinage.frontends.http.calls import Call
from affinage.frontends.http.etags import guarded, quoted
from affinage.frontends.http.methods import routed
from affinage.frontends.http.numbers import integer
from affinage.frontends.http.waiting import while_connected
from affinage.frontends.service_api.calls import Services

STATUS: Final = "x-ms-command-statuscode"
"""The header that has what a device made of a command."""

_TIMEOUTS: Final = ("connectTimeoutInSeconds", "responseTimeoutInSeconds")


async def read(services: Services, call: Call) -> Response:
    """GET a digital twin: the properties and components of a device."""
    document, etag = await services.digital_twins.get(call.key.device, by=call.by)
    return json_answer(document, headers={"ETag": quoted(etag)})


async def patch(services: Services, call: Call) -> Response:
    """PATCH a digital twin with a JSON Patch of its writable properties."""
    device, wanted = call.key.device, steps(await read_json(call.request))
    written = partial(services.digital_twins.patch, device, wanted, by=call.by)
    etag = await guarded(call.request, written)
    headers = {"ETag": quoted(etag), "Location": f"/digitaltwins/{quote(device, safe='')}"}
    return Response(status_code=202, headers=headers)


async def invoke(services: Services, call: Call) -> Response:
    """POST a command for a device, or one of its components, and wait for the answer."""
    return await routed(call, services.clock, _invoked(services, call))


async def _invoked(services: Services, call: Call) -> Response:
    device, request = call.key.device, await _request(call)
    work = services.digital_twins.command(device, request, by=call.by)
    result = await while_connected(call.request, work)
    return json_answer(result.payload, headers={STATUS: str(result.status)})


async def _request(call: Call) -> MethodRequest:
    given = call.request.query_params
    timeouts: JsonObject = {name: integer(name, given[name]) for name in _TIMEOUTS if name in given}
    is_empty = call.request.headers.get("content-length") == "0"
    payload = None if is_empty else await read_json(call.request)
    return requested({"methodName": _command(call), "payload": payload, **timeouts})


def _command(call: Call) -> str:
    """As devices know it: `command`, or `component*command`."""
    params = call.request.path_params
    return "*".join(call.segment(name) for name in ("component", "command") if name in params)
