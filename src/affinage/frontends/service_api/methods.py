"""`/twins/{id}/methods` and `/twins/{id}/modules/{module}/methods`: direct methods.

What goes wrong on the way to a device is told in a form of its own, which clients know.

Source: docs/spec/methods.md.
"""

from starlette.responses import Response

from affinage.domain.errors import AffinageError
from affinage.domain.method import requested
from affinage.frontends.http.answers import json_answer
from affinage.frontends.http.bodies import read_object
from affinage.frontends.http.calls import Call
from affinage.frontends.http.problems import routed_problem
from affinage.frontends.http.waiting import while_connected
from affinage.frontends.service_api.calls import Services


async def invoke(services: Services, call: Call) -> Response:
    """POST a method for a device or module to run, and wait for its answer."""
    try:
        key, request = call.key, requested(await read_object(call.request))
        work = services.methods.invoke(key, request, by=call.by)
        result = await while_connected(call.request, work)
    except AffinageError as error:
        at = services.clock.now()
        return routed_problem(error, request_id=call.by.request_id, at=at)
    return json_answer({"status": result.status, "payload": result.payload})
