"""`/{scope}/registrations/{id}`: a device registers, and asks what has become of it.

Source: docs/spec/registering.md, REGISTER-20, REGISTER-21, REGISTER-30 to REGISTER-33.
"""

from typing import Final
from urllib.parse import quote

from starlette.responses import Response

from affinage.domain.values import JsonValue
from affinage.frontends.http.answers import json_answer
from affinage.frontends.http.bodies import read_json
from affinage.frontends.http.registrations import MAX_ASK, ask_in
from affinage.frontends.registration_api.calls import Call, Services
from affinage.services.provisioning.arrivals import Answer

GOING_ON: Final = 202
DONE: Final = 200


async def register(services: Services, call: Call) -> Response:
    """PUT a device's wish to be assigned to a hub; the answer is an operation to be polled."""
    registration = call.segment("id")
    ask = ask_in(await _body(call), registration)
    answer = await services.registrations.register(call.arrival(ask.tpm), ask.payload)
    return _answered(call, answer)


async def poll(services: Services, call: Call) -> Response:
    """GET how an operation goes: 202 as long as it goes on, then its result."""
    operation = call.segment("operation")
    return _answered(call, await services.registrations.operation(call.arrival(), operation))


async def look_up(services: Services, call: Call) -> Response:
    """POST who one is, to be told what is known of one's registration."""
    ask_in(await _body(call), call.segment("id"))
    return json_answer(await services.registrations.state(call.arrival()))


def _answered(call: Call, answer: Answer) -> Response:
    if answer.retry_after_s is None:
        return json_answer(answer.document, status=DONE)
    headers = {
        "Location": _place(call, answer.operation_id),
        "Retry-After": str(answer.retry_after_s),
    }
    return json_answer(answer.document, status=GOING_ON, headers=headers)


def _place(call: Call, operation: str) -> str:
    """Where an operation is to be polled. REGISTER-31."""
    version = call.request.query_params["api-version"]
    scope, registration, one, of = (
        quote(text, safe="")
        for text in (call.segment("scope"), call.segment("id"), operation, version)
    )
    return f"/{scope}/registrations/{registration}/operations/{one}?api-version={of}"


async def _body(call: Call) -> JsonValue:
    """What was sent, if anything: clients that have nothing to say send no body at all."""
    headers = call.request.headers
    if headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
        return None
    return await read_json(call.request, MAX_ASK)
