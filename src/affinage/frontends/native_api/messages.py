"""`/devices/{id}/messages`: to send a message, as takes AMQP where this hub's model is at home.

Source: docs/spec/messages.md, MESSAGE-1 to MESSAGE-7.
"""

from starlette.responses import Response

from affinage.domain.moments import iso
from affinage.frontends.http.answers import json_answer
from affinage.frontends.http.bodies import read_object
from affinage.frontends.native_api.calls import Call, Services


async def send(services: Services, call: Call) -> Response:
    """POST a message for a device or module; it is kept until it is delivered."""
    key, body = call.key, await read_object(call.request)
    message = await services.messages.send(key, body, by=call.by)
    told = {
        "messageId": message.message_id,
        "enqueuedAt": iso(message.enqueued_at),
        "expiresAt": iso(message.expires_at),
    }
    return json_answer(told, status=201)
