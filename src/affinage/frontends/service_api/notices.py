"""`/messages/serviceBound/filenotifications`: files that devices have uploaded.

Source: UPLOAD-22, UPLOAD-23.
"""

from starlette.responses import Response

from affinage.frontends.http.answers import empty_answer, json_answer
from affinage.frontends.http.calls import Call
from affinage.frontends.http.etags import quoted
from affinage.frontends.service_api.calls import Services


async def receive(services: Services, call: Call) -> Response:
    """GET a file that came, under a lock; 204 if there is none to tell."""
    given = await services.notices.receive(by=call.by)
    if given is None:
        return empty_answer()
    [notice] = given.records
    return json_answer(notice.document(), headers={"ETag": quoted(given.token)})


async def complete(services: Services, call: Call) -> Response:
    """DELETE what was received under a lock."""
    await services.notices.complete(call.segment("lock"), by=call.by)
    return empty_answer()


async def abandon(services: Services, call: Call) -> Response:
    """POST that a lock is given up; what it held is received again."""
    await services.notices.abandon(call.segment("lock"), by=call.by)
    return empty_answer()
