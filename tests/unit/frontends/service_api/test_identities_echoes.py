"""Clients send back what they were shown: identities as they were read, in all their forms."""

from typing import Any

import pytest

from fakes.hub import Hub, running_hub
from fakes.looped import looped

THUMB = "aB" * 20
MEANS: list[dict[str, Any]] = [
    {},
    {"type": "sas", "symmetricKey": {"primaryKey": "", "secondaryKey": None}},
    {"type": "selfSigned", "x509Thumbprint": {"primaryThumbprint": THUMB}},
    {"type": "selfSigned", "x509Thumbprint": {"secondaryThumbprint": THUMB}},
    {"type": "certificateAuthority"},
    {"type": "none"},
]
CHANGING = {"etag", "statusReason"}


def without(document: dict[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in names}


@pytest.mark.parametrize("means", MEANS, ids=lambda means: means.get("type", "nothing"))
@pytest.mark.parametrize("path", ["/devices/d", "/devices/d/modules/m"])
@looped
async def test_an_identity_sent_back_changes_nothing_but_its_etag(
    path: str, means: dict[str, Any]
) -> None:
    """IDENTITY-5 to IDENTITY-9, SERVICE-4"""
    async with running_hub() as hub:
        if path != "/devices/d":
            await hub.device("d")
        made = await hub.put(path, {"authentication": means} if means else {})
        again = await hub.put(path, made, etag=f'"{made["etag"]}"')
        assert without(again, CHANGING) == without(made, CHANGING)
        assert again["etag"] != made["etag"]


@looped
async def test_an_edge_device_and_its_child_sent_back_stay_what_they_are() -> None:
    """IDENTITY-11 to IDENTITY-13"""
    async with running_hub() as hub:
        edge = await hub.device("gw", capabilities={"iotEdge": True})
        child = await hub.device("leaf", deviceScope=edge["deviceScope"])
        for made in (edge, child):
            again = await hub.put(f"/devices/{made['deviceId']}", made, etag="*")
            assert without(again, CHANGING) == without(made, CHANGING)


@looped
async def test_what_older_clients_spell_otherwise_is_understood() -> None:
    """IDENTITY-3, IDENTITY-5, SERVICE-4"""
    async with running_hub() as hub:
        body = {
            "status": "Disabled",
            "authentication": {
                "type": "SelfSigned",
                "x509Thumbprint": {"primaryThumbprint": THUMB},
            },
            "capabilities": None,
            "deviceScope": None,
            "parentScopes": None,
            "lastActivityTime": "0001-01-01T00:00:00",
        }
        made = await hub.device("d", **body)
        assert (made["status"], made["authentication"]["type"]) == ("disabled", "selfSigned")
        assert (made["capabilities"], made["parentScopes"]) == ({"iotEdge": False}, [])


@looped
async def test_an_edge_device_may_be_one_no_longer_and_be_one_again() -> None:
    """IDENTITY-10, IDENTITY-11, IDENTITY-14"""
    async with running_hub() as hub:
        edge = await hub.device("gw", capabilities={"iotEdge": True})
        scope = edge["deviceScope"]
        await hub.device("leaf", deviceScope=scope)
        plain = await toggled(hub, is_edge=False)
        assert "deviceScope" not in plain
        assert await hub.get("/devices/gw/modules") == []
        assert (await hub.get("/devices/leaf"))["deviceScope"] == scope
        assert (await toggled(hub, is_edge=True))["deviceScope"] == scope
        listed = await hub.get("/devices/gw/modules")
        assert [module["moduleId"] for module in listed] == ["$edgeAgent", "$edgeHub"]


async def toggled(hub: Hub, *, is_edge: bool) -> Any:
    shown = await hub.get("/devices/gw")
    body = {**shown, "capabilities": {"iotEdge": is_edge}}
    return await hub.put("/devices/gw", body, etag=shown["etag"])


@looped
async def test_the_modules_of_the_system_are_listed_first() -> None:
    """SERVICE-33"""
    async with running_hub() as hub:
        await hub.device("gw")
        for name in ("z", "a"):
            await hub.put(f"/devices/gw/modules/{name}", {})
        await toggled(hub, is_edge=True)
        listed = await hub.get("/devices/gw/modules")
        assert [one["moduleId"] for one in listed] == ["$edgeAgent", "$edgeHub", "z", "a"]
