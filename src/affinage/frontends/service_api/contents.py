"""`POST /devices/{id}/applyConfigurationContent`: a content for one device.

Source: SERVICE-74, docs/spec/edge.md.
"""

from starlette.responses import Response

from affinage.frontends.http.answers import empty_answer
from affinage.frontends.http.bodies import read_object
from affinage.frontends.http.calls import Call
from affinage.frontends.service_api.calls import Services


async def apply(services: Services, call: Call) -> Response:
    """POST a content, to be written to this device once."""
    device, content = call.key.device, await read_object(call.request)
    await services.contents.apply(device, content, by=call.by)
    return empty_answer()
