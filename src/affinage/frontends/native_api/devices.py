"""`/devices`: one that leaves for good, and one that takes another's place.

Source: REPLACE-1 to REPLACE-13.
"""

from starlette.responses import Response

from affinage.domain.members import member_flag, member_text
from affinage.frontends.http.answers import json_answer
from affinage.frontends.http.bodies import read_object
from affinage.frontends.native_api.calls import Call, Services, paged


async def retire(services: Services, call: Call) -> Response:
    """POST to take a device out of service for good, or with ``undo`` back into it."""
    name, body = call.segment("id"), await read_object(call.request)
    if member_flag(body, "undo"):
        return json_answer(await services.replacing.restore(name, by=call.by))
    reason = member_text(body, "reason") or ""
    return json_answer(await services.replacing.retire(name, reason, by=call.by))


async def replace(services: Services, call: Call) -> Response:
    """POST the id of the device that takes this one's place."""
    name, body = call.segment("id"), await read_object(call.request)
    new = member_text(body, "new") or ""
    return json_answer(await services.replacing.replace(name, new, by=call.by))


async def list_retired(services: Services, call: Call) -> Response:
    """GET a page of the devices that are retired, by id."""
    page = await services.replacing.retired(
        after=call.after,
        limit=call.limit,
        by=call.by,
    )
    return paged(page)
