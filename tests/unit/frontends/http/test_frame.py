"""frontends/http/frame.py."""

import json
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send
from structlog.testing import capture_logs

from affinage.domain.errors import Unavailable
from affinage.domain.principal import Kind, Principal
from affinage.frontends.http.frame import Authenticate, Frame, by_token
from fakes.clock import FixedClock
from fakes.hub import API_VERSION, running_hub
from fakes.ids import CountingIds
from fakes.looped import looped

FIRST_ID = "00000000-0000-4000-8000-000000000001"


@looped
async def test_every_answer_names_its_request() -> None:
    """SERVICE-8"""
    async with running_hub() as hub:
        found = [await hub.ask("GET", path) for path in ("/devices", "/devices/a", "/nowhere")]
        found.append(await hub.ask("GET", "/devices", headers={"Authorization": ""}))
        assert len({answer.headers["x-ms-request-id"] for answer in found}) == 4
        assert found[0].headers["x-ms-request-id"] == FIRST_ID


@pytest.mark.parametrize(
    "version", ["", "2015-12-31", "2016-02-02", "2021-02-30", "2021-4-12", "latest"]
)
@looped
async def test_another_api_version_is_refused(version: str) -> None:
    """SERVICE-6"""
    async with running_hub() as hub:
        answer = await hub.ask("GET", "/nowhere", params={"api-version": version})
        assert answer.status_code == 400
        assert answer.headers["iothub-errorcode"] == "InvalidProtocolVersion"
        assert answer.json()["Message"].startswith("ErrorCode:InvalidProtocolVersion;")


@looped
async def test_a_request_leaves_one_line_and_no_secret() -> None:
    """SERVICE-9"""
    async with running_hub() as hub:
        with capture_logs() as lines:
            answer = await hub.ask("PUT", "/devices/a", {}, params={"note": "hush"})
        [line] = [line for line in lines if line["event"] == "request"]
        assert line == {
            "event": "request",
            "log_level": "info",
            "method": "PUT",
            "route": "/devices/{id}",
            "status": 200,
            "ms": 0.0,
            "policy": "iothubowner",
            "request_id": FIRST_ID,
        }
        key = answer.json()["authentication"]["symmetricKey"]["primaryKey"]
        said = json.dumps(lines)
        assert not [word for word in (key, "hush", "Signature", "sig=") if word in said]


@looped
async def test_a_stranger_leaves_a_line_without_a_name() -> None:
    """SERVICE-9"""
    async with running_hub() as hub:
        with capture_logs() as lines:
            await hub.ask("GET", "/devices/a", headers={"Authorization": ""})
        assert [(line["status"], line["policy"], line["route"]) for line in lines] == [
            (401, None, None)
        ]


@looped
async def test_a_store_that_fails_is_told_as_such() -> None:
    """SERVICE-22"""
    failing = False

    async def disk() -> None:
        if failing:
            raise OSError("no space left")

    async with running_hub(disk) as hub:
        failing = True
        answer = await hub.ask("PUT", "/devices/a", {})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert answer.headers["iothub-errorcode"] == "ServiceUnavailable"
        assert (await hub.ask("GET", "/devices/a")).status_code == 404


async def breaks(scope: Scope, receive: Receive, send: Send) -> None:
    raise ZeroDivisionError("a secret of the hub")


async def breaks_off(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise Unavailable("too late")


App = Callable[[Scope, Receive, Send], Awaitable[None]]


@looped
async def test_a_device_leaves_a_line_with_its_name_and_no_policys() -> None:
    """SERVICE-9"""

    def is_pump(request: Request, *, request_id: str) -> Principal:
        return Principal(Kind.DEVICE, "pump-1", "device-api", request_id)

    with capture_logs() as lines:
        await framed(breaks, authenticate=is_pump)
    [line] = [line for line in lines if line["event"] == "request"]
    assert (line["device"], "policy" in line) == ("pump-1", False)


async def framed(
    app: App, scope: dict[str, Any] | None = None, authenticate: Authenticate | None = None
) -> list[Message]:
    """What an app in a frame sends, asked by somebody whom the frame lets in."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async with running_hub() as hub:
        owner = partial(by_token, hub.services.access.service)
        frame = Frame(app, authenticate or owner, FixedClock(), CountingIds())
        asked = {
            "type": "http",
            "method": "PUT",
            "raw_path": b"/devices/a",
            "path": "/devices/a",
            "query_string": f"api-version={API_VERSION}".encode(),
            "headers": [(b"authorization", hub.token().encode())],
        }
        await frame({**asked, **(scope or {})}, receive, send)
    return sent


@looped
async def test_what_goes_wrong_inside_is_logged_once_and_not_told() -> None:
    """SERVICE-24"""
    with capture_logs() as lines:
        start, body = await framed(breaks)
    assert (start["status"], b"secret" in body["body"]) == (500, False)
    assert json.loads(body["body"])["Message"].startswith("ErrorCode:ServerError;")
    [line] = [line for line in lines if line["log_level"] == "error"]
    assert (line["event"], line["request_id"]) == ("request failed", FIRST_ID)
    assert [line["status"] for line in lines if line["event"] == "request"] == [500]


@looped
async def test_half_an_answer_is_not_followed_by_another() -> None:
    [start] = await framed(breaks_off)
    assert start["status"] == 200


async def gone(scope: Scope, receive: Receive, send: Send) -> None:
    await Request(scope, receive).body()


@looped
async def test_a_client_that_went_away_is_answered_nothing() -> None:
    """SERVICE-9"""
    with capture_logs() as lines:
        assert await framed(gone) == []
    assert [line["status"] for line in lines if line["event"] == "request"] == [499]


@looped
async def test_what_is_no_request_passes_through() -> None:
    seen: list[str] = []

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    assert await framed(inner, {"type": "lifespan"}) == []
    assert seen == ["lifespan"]
