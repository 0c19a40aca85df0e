"""`/devices/{id}[/modules/{module}]/messages/events`: what devices and modules tell.

Source: DEVICE-10 to DEVICE-13.
"""

import base64
import binascii
from typing import Final

from starlette.responses import Response

from affinage.domain.errors import Malformed, Missing
from affinage.domain.happening import MAX_TELEMETRY
from affinage.domain.values import JsonObject, JsonValue, is_object
from affinage.frontends.device_api import spelling
from affinage.frontends.device_api.calls import Services
from affinage.frontends.http.answers import empty_answer
from affinage.frontends.http.bodies import read_bytes, read_json
from affinage.frontends.http.calls import Call
from affinage.services.telemetry import Sent

BATCH: Final = "application/vnd.microsoft.iothub.json"
"""The type of a body that is a batch."""

MAX_BATCH_BODY: Final = 524_288
"""Bytes of a batch as JSON: what it may hold, in base64, and what surrounds it."""


async def send(services: Services, call: Call) -> Response:
    """POST a message, or a batch of them."""
    request = call.request
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == BATCH:
        messages = _batch(await read_json(request, MAX_BATCH_BODY))
    else:
        said = spelling.told(request.headers.items())
        messages = [Sent(await read_bytes(request, MAX_TELEMETRY), said)]
    await services.telemetry.send(call.key, messages, by=call.by)
    return empty_answer()


def _batch(body: JsonValue) -> list[Sent]:
    if not isinstance(body, list):
        raise Malformed("a batch must be an array")
    return [_message(one) for one in body]


def _message(entry: JsonValue) -> Sent:
    if not is_object(entry):
        raise Malformed("each message of a batch must be an object")
    return Sent(_body(entry), _properties(entry.get("properties")))


def _body(entry: JsonObject) -> bytes:
    body, is_base64 = entry.get("body"), entry.get("base64Encoded", True)
    if body is None:
        raise Missing("a message needs a body")
    if not isinstance(body, str) or not isinstance(is_base64, bool):
        raise Malformed("body must be a string, base64Encoded true or false")
    if not is_base64:
        return body.encode()
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("body must be base64, or base64Encoded false") from None


def _properties(given: JsonValue) -> dict[str, str]:
    if given is None:
        return {}
    if not is_object(given):
        raise Malformed("properties must be an object of strings")
    return spelling.named({name: _valued(name, value) for name, value in given.items()})


def _valued(name: str, value: JsonValue) -> str:
    if not isinstance(value, str):
        raise Malformed(f"the property {name[:40]!r} must be a string")
    return value
