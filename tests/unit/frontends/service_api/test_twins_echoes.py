"""Clients send back what they were shown: twins as they were read, with etags in every quoting."""

from typing import Any

import pytest

from fakes.hub import running_hub
from fakes.looped import looped

PATHS = ["/twins/d", "/twins/d/modules/m"]
QUOTINGS = ["{}", '"{}"', 'W/"{}"', '"c3RhbGU=", "{}"', "*", '"*"', '""']


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
@looped
async def test_a_twin_sent_back_changes_no_value(path: str, method: str) -> None:
    """SERVICE-51, TWIN-9"""
    async with running_hub() as hub:
        await hub.device("d")
        await hub.put("/devices/d/modules/m", {})
        written = {"tags": {"a": {"b": 1}}, "properties": {"desired": {"c": {"d": [1, "x"]}}}}
        before = await hub.patch(path, written)
        after = (await hub.ask(method, path, before)).json()
        assert after["tags"] == before["tags"]
        desired, was = after["properties"]["desired"], before["properties"]["desired"]
        assert (desired["c"], desired["$version"]) == (was["c"], was["$version"] + 1)
        assert after["properties"]["reported"] == before["properties"]["reported"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"deviceId": "other", "etag": "x", "version": 9, "status": 7, "modelId": None},
        {"properties": None},
        {"properties": {"reported": {"a": 1}}},
        {"properties": {"reported": 7}, "configurations": {"x": {}}, "capabilities": None},
    ],
)
@looped
async def test_what_is_not_a_back_ends_to_write_is_ignored(body: dict[str, Any]) -> None:
    """SERVICE-51"""
    async with running_hub() as hub:
        await hub.device("d")
        before = await hub.get("/twins/d")
        for method in ("PATCH", "PUT"):
            answer = await hub.ask(method, "/twins/d", body)
            assert (answer.status_code, answer.json()) == (200, before)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
@pytest.mark.parametrize("quoting", QUOTINGS)
@looped
async def test_an_etag_is_read_in_every_quoting(path: str, method: str, quoting: str) -> None:
    """SERVICE-10 to SERVICE-13"""
    async with running_hub() as hub:
        await hub.device("d")
        await hub.put("/devices/d/modules/m", {})
        etag = (await hub.get(path))["etag"]
        good = await hub.ask(method, path, {"tags": {"a": 1}}, etag=quoting.format(etag))
        assert (good.status_code, good.json()["tags"]) == (200, {"a": 1})
        if "{}" in quoting:
            stale = await hub.ask(method, path, {"tags": {"a": 2}}, etag=quoting.format(etag))
            assert (stale.status_code, (await hub.get(path))["tags"]) == (412, {"a": 1})


@pytest.mark.parametrize("path", PATHS)
@looped
async def test_a_stale_etag_is_told_in_the_words_that_clients_know(path: str) -> None:
    """SERVICE-54, TWIN-13"""
    async with running_hub() as hub:
        await hub.device("d")
        await hub.put("/devices/d/modules/m", {})
        answer = await hub.ask("PATCH", path, {"tags": {}}, etag='"c3RhbGU="')
        text = "ErrorCode:PreconditionFailed;ETag mismatch for device ID 'd"
        assert answer.json()["Message"].startswith(text)
