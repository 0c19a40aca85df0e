"""`/devices/{id}/messages/devicebound`: what back ends have to tell a device, under locks.

Source: DEVICE-20 to DEVICE-24.
"""

from typing import Final

from starlette.responses import Response

from affinage.domain.errors import Malformed
from affinage.domain.messages import Fate
from affinage.frontends.device_api import spelling
from affinage.frontends.device_api.calls import Services
from affinage.frontends.http.answers import empty_answer
from affinage.frontends.http.calls import Call
from affinage.frontends.http.numbers import natural
from affinage.frontends.http.waiting import while_connected
from affinage.services.locks import LOCK_S

LOCK: Final = "iothub-messagelocktimeout"


async def receive(services: Services, call: Call) -> Response:
    """GET the next message, under a lock; 204 if there is none."""
    seconds = _seconds(call.request.headers.get(LOCK))
    await call.request.body()  # there is none, but it must have been read
    work = services.messages.receive(call.key, seconds, by=call.by)
    received = await while_connected(call.request, work)
    if received is None:
        return empty_answer()
    answer = Response(received.message.body, media_type="application/octet-stream")
    # Starlette would have them in lower case; names of properties are their senders'.
    answer.raw_headers += [
        (name.encode(), text.encode()) for name, text in spelling.headers(received)
    ]
    return answer


async def settle(services: Services, call: Call) -> Response:
    """DELETE a message: it is done, or with `?reject` refused."""
    fate = Fate.REJECTED if "reject" in call.request.query_params else Fate.SUCCESS
    await services.messages.settle(call.key, call.segment("lock"), fate, by=call.by)
    return empty_answer()


async def abandon(services: Services, call: Call) -> Response:
    """POST that a lock is given up; the message waits again."""
    await services.messages.abandon(call.key, call.segment("lock"), by=call.by)
    return empty_answer()


def _seconds(text: str | None) -> int:
    if text is None:
        return LOCK_S
    seconds = natural(text)
    if seconds is None:
        raise Malformed(f"{LOCK} must be a number of seconds, not {text[:40]!r}")
    return seconds
