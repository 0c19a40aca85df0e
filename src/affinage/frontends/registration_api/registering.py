"""`/{scope}/registrations/{id}`: a device registers, and asks what has become of it.

Source: docs/spec/registering.md, REGISTER-20, REGISTER-21, REGISTER-30 to REGISTER-33.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import quote

import structlog
from starlette.responses import Response

from affinage.domain.errors import Challenged, Unauthorized
from affinage.domain.names import MAX_ID
from affinage.domain.values import JsonValue
from affinage.frontends.http.answers import json_answer
from affinage.frontends.http.bodies import read_json
from affinage.frontends.http.registrations import MAX_ASK, ask_in
from affinage.frontends.registration_api.calls import Call, Services
from affinage.services.provisioning.arrivals import Answer

GOING_ON: Final = 202
DONE: Final = 200

_log: Final = structlog.get_logger(__name__)


async def register(services: Services, call: Call) -> Response:
    """PUT a device's wish to be assigned to a hub; the answer is an operation to be polled."""
    registration = call.segment("id")
    ask = ask_in(await _body(call), registration)
    with _refusals_written_down(call):
        answer = await services.registrations.register(call.arrival(ask.tpm), ask.payload)
    return _answered(call, answer)


async def poll(services: Services, call: Call) -> Response:
    """GET how an operation goes: 202 as long as it goes on, then its result."""
    operation = call.segment("operation")
    with _refusals_written_down(call):
        answer = await services.registrations.operation(call.arrival(), operation)
    return _answered(call, answer)


async def look_up(services: Services, call: Call) -> Response:
    """POST who one is, to be told what is known of one's registration."""
    ask_in(await _body(call), call.segment("id"))
    with _refusals_written_down(call):
        state = await services.registrations.state(call.arrival())
    return json_answer(state)


@contextmanager
def _refusals_written_down(call: Call) -> Iterator[None]:
    """Why a device is not let in, as it is not told it itself. PROV-47."""
    try:
        yield
    except Challenged:
        raise  # it is asked for its proof, as is usual
    except Unauthorized as error:
        device, request_id = call.segment("id")[:MAX_ID], call.by.request_id
        fields = {"what": "registration", "code": error.code, "reason": str(error)}
        _log.info("refused", device=device, request_id=request_id, **fields)
        raise


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
