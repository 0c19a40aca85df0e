"""`/jobs`: exports and imports of the registry.

Source: docs/spec/transfers.md.
"""

from starlette.responses import Response

from affinage.frontends.http.answers import json_answer
from affinage.frontends.http.bodies import read_object
from affinage.frontends.http.calls import Call
from affinage.frontends.service_api.calls import Services


async def create(services: Services, call: Call) -> Response:
    """POST an export or an import, to have it begun."""
    body = await read_object(call.request)
    return json_answer(await services.transfers.create(body, by=call.by))


async def read(services: Services, call: Call) -> Response:
    """GET an export or import, and how far it is."""
    return json_answer(await services.transfers.get(call.name, by=call.by))


async def cancel(services: Services, call: Call) -> Response:
    """DELETE what is under way: it goes no further."""
    return json_answer(await services.transfers.cancel(call.name, by=call.by))


async def list_all(services: Services, call: Call) -> Response:
    """GET the last exports and imports, the newest first."""
    return json_answer(await services.transfers.list_all(by=call.by))
