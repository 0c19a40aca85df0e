"""frontends/service_api/twins.py."""

from typing import Any

import pytest

from fakes.hub import running_hub
from fakes.looped import looped

FRESH = {"$lastUpdated": "2025-01-01T00:00:00Z"}


@looped
async def test_a_fresh_twin_is_at_its_beginning() -> None:
    """SERVICE-50, TWIN-2"""
    async with running_hub() as hub:
        await hub.device("a")
        twin = await hub.get("/twins/a")
        assert (twin["etag"], twin["version"]) == ("AAAAAAAAAAE=", 2)
        assert "tags" not in twin
        section = {"$metadata": FRESH, "$version": 1}
        assert twin["properties"] == {"desired": section, "reported": section}
        assert twin["lastActivityTime"] == "0001-01-01T00:00:00Z"


@looped
async def test_a_twin_sent_back_as_it_was_shown_changes_no_value() -> None:
    """SERVICE-51"""
    async with running_hub() as hub:
        await hub.device("a")
        shown = await hub.patch("/twins/a", {"tags": {"x": 1}, "properties": {"desired": {"y": 2}}})
        again = await hub.patch("/twins/a", shown, etag=f'"{shown["etag"]}"')
        assert again["tags"] == shown["tags"]
        assert again["properties"]["desired"]["y"] == 2
        assert again["properties"]["desired"]["$version"] == 3
        assert again["properties"]["reported"] == shown["properties"]["reported"]


@looped
async def test_null_in_a_patch_takes_away() -> None:
    """SERVICE-51, TWIN-8"""
    async with running_hub() as hub:
        await hub.device("a")
        desired = {"properties": {"desired": {"a": {"b": None}, "c": None}}}
        assert values(await hub.patch("/twins/a", {"tags": {"x": 1}, **desired})) == {"a": {}}
        assert "tags" not in await hub.patch("/twins/a", {"tags": {"x": None}})
        cleared = await hub.patch("/twins/a", {"properties": {"desired": None}, "tags": None})
        assert values(cleared) == {}
        assert cleared["properties"]["desired"]["$version"] == 3


def values(twin: dict[str, Any]) -> dict[str, Any]:
    desired: dict[str, Any] = twin["properties"]["desired"]
    return {name: value for name, value in desired.items() if not name.startswith("$")}


@looped
async def test_a_put_replaces_what_it_names() -> None:
    """SERVICE-51, TWIN-11"""
    async with running_hub() as hub:
        await hub.device("a")
        await hub.patch("/twins/a", {"tags": {"x": 1}, "properties": {"desired": {"y": 2, "z": 3}}})
        put = await hub.put("/twins/a", {"properties": {"desired": {"y": 4}}})
        assert (put["tags"], values(put)) == ({"x": 1}, {"y": 4})
        assert "tags" not in await hub.put("/twins/a", {"tags": {}})


@looped
async def test_tags_alone_do_not_move_desired() -> None:
    async with running_hub() as hub:
        await hub.device("a")
        tagged = await hub.patch("/twins/a", {"tags": {"x": 1}})
        assert tagged["properties"]["desired"]["$version"] == 1
        same = await hub.patch("/twins/a", {"properties": {"desired": {}}})
        assert same["properties"]["desired"]["$version"] == 2
        assert await hub.patch("/twins/a", {}) == same


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"tags": 1},
        {"tags": [1]},
        {"properties": []},
        {"properties": {"desired": "on"}},
        {"properties": {"desired": False}},
    ],
)
@looped
async def test_a_section_that_is_no_object_is_refused(body: object) -> None:
    """SERVICE-16, SERVICE-51"""
    async with running_hub() as hub:
        await hub.device("a")
        for method in ("PATCH", "PUT"):
            answer = await hub.ask(method, "/twins/a", body)
            assert answer.status_code == 400
            assert answer.headers["iothub-errorcode"] == "IotHubFormatError"
        assert (await hub.get("/twins/a"))["version"] == 2


@pytest.mark.parametrize("etag", ["*", '"*"', '""', '"AAAAAAAAAAE="', "AAAAAAAAAAE="])
@looped
async def test_a_twin_is_written_on_its_etag(etag: str) -> None:
    """SERVICE-10 to SERVICE-12, SERVICE-11, SERVICE-54"""
    async with running_hub() as hub:
        await hub.device("a")
        assert (await hub.patch("/twins/a", {"tags": {"x": 1}}, etag=etag))["version"] == 3
        stale = await hub.ask("PATCH", "/twins/a", {"tags": {"x": 2}}, etag='"AAAAAAAAAAE="')
        assert stale.status_code == 412
        expected = "ErrorCode:PreconditionFailed;ETag mismatch for device ID 'a'"
        assert stale.json()["Message"] == expected


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (nested(10), nested(11)),
        ({"a": "x" * 4096}, {"a": "x" * 4097}),
        ({"a": 2**52 - 1}, {"a": 2**52}),
        (
            {str(n): "x" * 4094 for n in range(8)} | {"z": "x" * 7},
            {str(n): "x" * 4094 for n in range(8)} | {"z": "x" * 8},
        ),
    ],
)
@looped
async def test_limits_hold_to_the_last_byte(good: Any, bad: Any) -> None:
    """SERVICE-53"""
    async with running_hub() as hub:
        await hub.device("a")
        answer = await hub.ask("PATCH", "/twins/a", {"properties": {"desired": bad}})
        assert (answer.status_code, answer.headers["iothub-errorcode"]) == (400, "ArgumentInvalid")
        assert values(await hub.patch("/twins/a", {"properties": {"desired": good}})) == good


@looped
async def test_a_modules_twin_has_capabilities_only_in_a_query() -> None:
    """SERVICE-52"""
    async with running_hub() as hub:
        await hub.device("a")
        await hub.put("/devices/a/modules/m", {})
        twin = await hub.patch("/twins/a/modules/m", {"properties": {"desired": {"x": 1}}})
        assert twin["moduleId"] == "m"
        assert not {"capabilities", "parentScopes"} & set(await hub.get("/twins/a/modules/m"))
        assert "capabilities" in await hub.get("/twins/a")
        [row] = (await hub.query("select * from devices.modules")).json()
        assert row == {**twin, "capabilities": {"iotEdge": False}}


@looped
async def test_unknown_twins_are_told_apart() -> None:
    async with running_hub() as hub:
        await hub.device("a")
        for path, name in (("b", "DeviceNotFound"), ("a/modules/m", "ModuleNotFound")):
            answer = await hub.ask("GET", f"/twins/{path}")
            assert (answer.status_code, answer.headers["iothub-errorcode"]) == (404, name)
            patched = await hub.ask("PATCH", f"/twins/{path}", {}, etag="*")
            assert patched.headers["iothub-errorcode"] == name
