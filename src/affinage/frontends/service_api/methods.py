"""`/twins/{id}/methods` and `/twins/{id}/modules/{module}/methods`: direct methods.

What goes wrong on the way to a device is told in a form of its own, which clients know.

Source: docs/spec/methods.md.
"""

from starlette.responses import Response

from affinage.frontends.http.calls import Call
from affinage.frontends.http.methods import invoked, routed
from affinage.frontends.service_api.calls import Services


async def invoke(services: Services, call: Call) -> Response:
    """POST a method for a device or module to run, and wait for its answer."""
    return await routed(call, services.clock, invoked(call, services.methods.invoke))
