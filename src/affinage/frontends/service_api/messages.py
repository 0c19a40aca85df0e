"""`/devices/{id}/commands` and `/messages/serviceBound/feedback`: what the field has over HTTPS.

To send a message takes AMQP there; here it is the native API's.

Source: docs/spec/messages.md, MESSAGE-14, MESSAGE-21 to MESSAGE-24.
"""

from starlette.responses import Response

from affinage.frontends.http.answers import empty_answer, json_answer
from affinage.frontends.http.calls import Call
from affinage.frontends.http.etags import quoted
from affinage.frontends.service_api.calls import Services


async def purge(services: Services, call: Call) -> Response:
    """DELETE what waits for a device."""
    key = call.key
    purged = await services.messages.purge(key, by=call.by)
    return json_answer(
        {"totalMessagesPurged": purged, "deviceId": key.device, "moduleId": key.module}
    )


async def receive(services: Services, call: Call) -> Response:
    """GET what became of messages, under a lock; 204 if there is nothing to tell."""
    batch = await services.shelf.receive(by=call.by)
    if batch is None:
        return empty_answer()
    records = [record.document() for record in batch.records]
    return json_answer(records, headers={"ETag": quoted(batch.token)})


async def complete(services: Services, call: Call) -> Response:
    """DELETE what was received under a lock."""
    await services.shelf.complete(call.segment("lock"), by=call.by)
    return empty_answer()


async def abandon(services: Services, call: Call) -> Response:
    """POST that a lock is given up; what it held is received again."""
    await services.shelf.abandon(call.segment("lock"), by=call.by)
    return empty_answer()
