"""frontends/http/methods.py."""

import asyncio
import json
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from affinage.domain.errors import DeviceNotOnline, Invalid
from affinage.domain.method import MethodRequest, MethodResult
from affinage.domain.names import TwinKey
from affinage.domain.principal import Principal
from affinage.frontends.http.calls import Call
from affinage.frontends.http.methods import invoked, routed
from fakes.clock import FixedClock
from fakes.life import OWNER
from fakes.looped import looped


def call(body: Any) -> Call:
    scope = {"type": "http", "path_params": {"id": "a", "module": "m"}, "headers": []}
    sent = [{"type": "http.request", "body": json.dumps(body).encode()}]

    async def receive() -> Message:
        return sent.pop() if sent else await asyncio.Future()

    return Call(Request(scope, receive), OWNER)


async def echo(key: TwinKey, request: MethodRequest, *, by: Principal) -> MethodResult:
    return MethodResult(200, [key.path, request.name, by.name])


@looped
async def test_whoever_the_path_names_is_asked_for_the_method_in_the_body() -> None:
    """METHOD-1"""
    answer = await invoked(call({"methodName": "reboot"}), echo)
    told = {"status": 200, "payload": ["a/m", "reboot", OWNER.name]}
    assert json.loads(bytes(answer.body)) == told


@looped
async def test_a_body_that_is_no_method_is_refused() -> None:
    with pytest.raises(Invalid):
        await invoked(call({}), echo)


@looped
async def test_a_refusal_on_the_way_to_a_device_is_json_in_json() -> None:
    """METHOD-10"""

    async def refused() -> Response:
        raise DeviceNotOnline("it sleeps")

    answer = await routed(call({}), FixedClock(), refused())
    assert answer.status_code == 404
    message = json.loads(json.loads(bytes(answer.body))["Message"])
    assert (message["errorCode"], message["message"]) == (404103, "it sleeps")
