"""The limits of twins at their boundaries, by every way in which a back end can write one."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import httpx
import pytest

from fakes.hub import Hub, running_hub
from fakes.looped import looped


def nested(levels: int, *, by_arrays: bool = False) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value] if by_arrays else {"a": value}
    return value


PAIRS: Final[dict[str, tuple[Any, Any]]] = {
    "depth": (nested(11), nested(12)),  # the first of them is the section itself
    "depth of arrays": (
        {"a": nested(10, by_arrays=True)},
        {"a": nested(11, by_arrays=True)},
    ),
    "name": ({"k" * 1024: 1}, {"k" * 1025: 1}),
    "name in UTF-8": ({"é" * 512: 1}, {"é" * 512 + "e": 1}),
    "string": ({"a": "x" * 4096}, {"a": "x" * 4097}),
    "string in UTF-8": ({"a": "é" * 2048}, {"a": "é" * 2048 + "e"}),
    "greatest": ({"a": 2**52 - 1}, {"a": 2**52}),
    "least": ({"a": -(2**52)}, {"a": -(2**52) - 1}),
    "null in an array": ({"a": [0]}, {"a": [None]}),
    "null in an object in an array": ({"a": [{"b": 0}]}, {"a": [{"b": None}]}),
    **{
        f"{mark!r} in a name": ({"ab": 1}, {f"a{mark}b": 1})
        for mark in (".", "$", "#", " ", "\x00", "\x1f", "\x80", "\x9f")
    },
    "allowed marks": ({"azureiot*com^dtracing^1": 1}, {"azureiot.com": 1}),
}
"""What is just admitted, and what just is not."""

FULL: Final = {
    "tags": ({"a": "x" * 4095, "b": "x" * 4095}, {"a": "x" * 4095, "b": "x" * 4096}),
    "desired": (
        {str(n): "x" * 4095 for n in range(8)},
        {str(n): "x" * 4095 for n in range(7)} | {"7": "x" * 4096},
    ),
}
"""Sections that are just full, and one byte fuller."""


def body(section: str, values: Any) -> dict[str, Any]:
    return {"tags": values} if section == "tags" else {"properties": {"desired": values}}


async def patch(hub: Hub, path: str, sent: Any) -> httpx.Response:
    return await hub.ask("PATCH", path, sent)


async def put(hub: Hub, path: str, sent: Any) -> httpx.Response:
    return await hub.ask("PUT", path, sent)


async def in_bulk(hub: Hub, path: str, sent: Any) -> httpx.Response:
    _, _, device, *module = path.split("/")
    key = {"id": device} | ({"moduleId": module[1]} if module else {})
    return await hub.ask("POST", "/devices", [{**key, "importMode": "updateTwin", **sent}])


Write = Callable[[Hub, str, Any], Awaitable[httpx.Response]]


async def shown(hub: Hub, path: str, section: str) -> Any:
    twin = await hub.get(path)
    if section == "tags":
        return twin.get("tags", {})
    desired = twin["properties"]["desired"]
    return {name: value for name, value in desired.items() if not name.startswith("$")}


@pytest.mark.parametrize("path", ["/twins/d", "/twins/d/modules/m"])
@pytest.mark.parametrize("write", [patch, put, in_bulk])
@pytest.mark.parametrize("section", ["tags", "desired"])
@looped
async def test_every_limit_holds_to_the_last_byte(path: str, write: Write, section: str) -> None:
    """TWIN-15 to TWIN-20, TWIN-22, SERVICE-53"""
    async with running_hub() as hub:
        await hub.device("d")
        await hub.put("/devices/d/modules/m", {})
        for what, (good, bad) in {**PAIRS, "size": FULL[section]}.items():
            await hub.put(path, {"tags": {}, "properties": {"desired": {}}})
            before = await hub.get(path)
            refused = await write(hub, path, body(section, bad))
            assert refused.status_code == 400, what
            assert "400004" in refused.text or "ArgumentInvalid" in refused.text, what
            assert await hub.get(path) == before, what
            assert (await write(hub, path, body(section, good))).status_code == 200, what
            assert await shown(hub, path, section) == good, what


@pytest.mark.parametrize("section", ["tags", "desired"])
@looped
async def test_a_new_twin_is_held_to_the_same_limits(section: str) -> None:
    """TWIN-15 to TWIN-20, IDENTITY-25"""
    async with running_hub() as hub:
        pairs = {**PAIRS, "size": FULL[section]}
        for n, (what, (good, bad)) in enumerate(pairs.items()):
            refused = await hub.ask("POST", "/devices", [{"id": f"d{n}", **body(section, bad)}])
            assert [one["errorCode"] for one in refused.json()["errors"]] == [400004], what
            assert (await hub.ask("GET", f"/devices/d{n}")).status_code == 404, what
            made = await hub.ask("POST", "/devices", [{"id": f"d{n}", **body(section, good)}])
            assert made.status_code == 200, what
            assert await shown(hub, f"/twins/d{n}", section) == good, what
