"""frontends/service_api/digital_twins.py."""

import asyncio
import json
from functools import partial
from typing import Any

import pytest

from affinage.domain.names import TwinKey
from fakes.hub import Hub, running_hub
from fakes.life import Door, itself
from fakes.looped import looped

D = TwinKey("d")


def add(path: str, value: Any) -> Any:
    return {"op": "add", "path": path, "value": value}


async def patch(hub: Hub, *steps: Any, etag: str | None = None) -> Any:
    return await hub.ask("PATCH", "/digitaltwins/d", [*steps], etag=etag)


@looped
async def test_a_digital_twin_is_read_with_its_etag() -> None:
    """DIGITAL-3"""
    async with running_hub() as hub:
        await hub.device("d")
        answer = await hub.ask("GET", "/digitaltwins/d")
        etag = (await hub.get("/twins/d"))["etag"]
        assert answer.headers["etag"] == f'"{etag}"'
        assert answer.json() == {"$dtId": "d", "$metadata": {"$model": ""}}


@pytest.mark.parametrize("quoting", ['"{}"', "{}", 'W/"{}"', "*", '"*"', '""'])
@looped
async def test_a_digital_twin_is_written_on_its_etag(quoting: str) -> None:
    """DIGITAL-9, SERVICE-10, SERVICE-11"""
    async with running_hub() as hub:
        await hub.device("d")
        etag = (await hub.get("/twins/d"))["etag"]
        answer = await patch(hub, add("/rate", 5), etag=quoting.format(etag))
        assert (answer.status_code, answer.content) == (202, b"")
        assert answer.headers["location"] == "/digitaltwins/d"
        now = await hub.ask("GET", "/digitaltwins/d")
        assert answer.headers["etag"] == now.headers["etag"] != f'"{etag}"'
        stale = await patch(hub, add("/rate", 6), etag=f'"{etag}"')
        assert (stale.status_code, stale.headers["iothub-errorcode"]) == (412, "PreconditionFailed")


@pytest.mark.parametrize(
    ("step", "name"),
    [
        ({"op": "test", "path": "/a"}, "InvalidDigitalTwinJsonPatch"),
        (add("/a", None), "InvalidDigitalTwinPayload"),
        (add("/a", "x" * 4097), "InvalidDigitalTwinPayload"),
        ({"op": "remove", "path": "/a"}, "InvalidDigitalTwinPatch"),
        (add("a", 1), "InvalidDigitalTwinPatchPath"),
    ],
)
@looped
async def test_a_patch_that_cannot_be_done_changes_nothing(step: Any, name: str) -> None:
    """DIGITAL-6 to DIGITAL-8"""
    async with running_hub() as hub:
        await hub.device("d")
        before = await hub.get("/twins/d")
        answer = await patch(hub, add("/b", 1), step)
        assert (answer.status_code, answer.headers["iothub-errorcode"]) == (400, name)
        assert await hub.get("/twins/d") == before


@pytest.mark.parametrize(
    ("path", "method"), [("/commands/stop", "stop"), ("/components/fan/commands/stop", "fan*stop")]
)
@looped
async def test_a_command_is_asked_of_the_device_and_answered(path: str, method: str) -> None:
    """DIGITAL-10"""
    async with running_hub() as hub:
        await hub.device("d")
        door = Door(takes={method})
        await hub.sessions.attach(D, door, clean=True, by=itself("d"))
        hub.sessions.ready(D, by=itself("d"))

        def invoke(name: str, rid: str, payload: bytes) -> bool:
            door.asked.append((name, rid, payload))
            answer = partial(hub.services.methods.answer, by=itself("d"))
            asyncio.get_running_loop().call_soon(answer, D, rid, 207, b'{"x":1}')
            return True

        door.invoke = invoke  # type: ignore[method-assign]  # it answers soon
        answer = await hub.ask("POST", f"/digitaltwins/d{path}", {"now": True})
        assert (answer.status_code, answer.json()) == (200, {"x": 1})
        assert answer.headers["x-ms-command-statuscode"] == "207"
        assert [(name, json.loads(body)) for name, _, body in door.asked] == [
            (method, {"now": True})
        ]


@pytest.mark.parametrize(
    ("device", "params", "status", "name"),
    [
        ("d", {}, 404, "DeviceNotOnline"),
        ("nobody", {}, 404, "DeviceNotFound"),
        ("d", {"responseTimeoutInSeconds": "4"}, 400, "ArgumentInvalid"),
        ("d", {"connectTimeoutInSeconds": "soon"}, 400, "IotHubFormatError"),
    ],
)
@looped
async def test_a_command_that_fails_says_so_as_a_method_does(
    device: str, params: dict[str, str], status: int, name: str
) -> None:
    """DIGITAL-10, METHOD-10"""
    async with running_hub() as hub:
        await hub.device("d")
        path = f"/digitaltwins/{device}/commands/stop"
        headers = {"content-length": "0"}
        answer = await hub.client.post(
            path,
            params={"api-version": "2021-04-12", **params},
            headers={"Authorization": hub.token(), **headers},
        )
        assert (answer.status_code, answer.headers["iothub-errorcode"]) == (status, name)
        assert json.loads(answer.json()["Message"])["errorCode"] // 1000 == status
