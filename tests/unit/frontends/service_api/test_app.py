"""frontends/service_api/app.py: every path, and that none opens for a stranger."""

import base64
import hmac
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

import httpx
import pytest
from starlette.routing import Route

from affinage.frontends.service_api.app import OPERATIONS, create_app
from fakes.hub import HOST, LIFE_S, OWNER, Hub, running_hub
from fakes.looped import looped

BODIES: Final[dict[str, object]] = {
    "/devices": [],
    "/digitaltwins/{id}": [],
    "/devices/keys/regenerate": {"policyKey": "both", "devices": []},
    "/twins/{id}/methods": {"methodName": "stop"},
    "/twins/{id}/modules/{module}/methods": {"methodName": "stop"},
}
"""What a POST needs to be refused for its sender and not for its body; `{}` elsewhere."""

POWERLESS: Final = "device"
"""A policy that has none of the rights that this door asks for."""


def operations(hub: Hub) -> Iterator[tuple[str, str]]:
    """Each method and path that the app has, as the app itself says."""
    for route in create_app(hub.services).routes:
        assert isinstance(route, Route)
        assert route.methods
        yield from ((method, route.path) for method in sorted(route.methods))


def concrete(path: str) -> str:
    return path.format(id="pump-1", command="stop", component="fan", module="valve", lock="1")


@looped
async def test_the_walk_misses_no_operation() -> None:
    async with running_hub() as hub:
        walked = {*operations(hub)}
    assert walked == {(method, path) for path, found in OPERATIONS.items() for method in found}


@pytest.mark.parametrize("stranger", ["nobody", "forger", "latecomer", "neighbour", "unknown"])
@looped
async def test_no_operation_opens_for_a_stranger(stranger: str) -> None:
    """SERVICE-5"""
    async with running_hub() as hub:
        for method, path in operations(hub):
            authorization = forged(hub, stranger)
            answer = await hub.ask(
                method, concrete(path), {}, headers={"Authorization": authorization}
            )
            assert is_stranger(answer), (method, path)


def forged(hub: Hub, stranger: str) -> str:
    token = hub.token()
    return {
        "nobody": "",
        "forger": token.replace("sig=", "sig=AAAA"),
        "latecomer": hub.token(life_s=-LIFE_S),
        "neighbour": hub.token(resource="other.test"),
        "unknown": token.replace("skn=iothubowner", "skn=nobody"),
    }[stranger]


def is_stranger(answer: httpx.Response) -> bool:
    return (answer.status_code, answer.headers["iothub-errorcode"]) == (401, "IotHubUnauthorized")


@looped
async def test_no_operation_opens_without_its_right() -> None:
    """SERVICE-5"""
    async with running_hub() as hub:
        for method, path in operations(hub):
            answer = await hub.ask(method, concrete(path), BODIES.get(path, {}), policy=POWERLESS)
            assert answer.status_code == 401, (method, path)
            assert answer.headers["iothub-errorcode"] == "IotHubUnauthorizedAccess"


@looped
async def test_a_token_for_one_device_opens_that_device_alone() -> None:
    async with running_hub() as hub:
        await hub.device("a")
        await hub.device("b")
        only = {"Authorization": hub.token(resource=f"{HOST}/devices/a")}
        assert (await hub.ask("GET", "/devices/a", headers=only)).status_code == 200
        for path in ("/devices/b", "/devices", "/twins/a", "/devices/a%2Fb/../b"):
            assert (await hub.ask("GET", path, headers=only)).status_code in (400, 401), path


@looped
async def test_a_stranger_is_not_told_what_else_is_wrong() -> None:
    """SERVICE-5"""
    async with running_hub() as hub:
        nobody = {"Authorization": ""}
        for path in ("/nowhere", "/devices/a%2Fb", "/devices/%ff", "/"):
            answer = await hub.ask("BREW", path, headers=nobody, params={"api-version": "1"})
            assert is_stranger(answer), path


@looped
async def test_an_unknown_path_is_told_to_those_who_are_known() -> None:
    """SERVICE-23"""
    async with running_hub() as hub:
        for path in ("/nowhere", "/", "/devices/a/b", "//devices", "/devices//modules"):
            answer = await hub.ask("GET", path)
            assert answer.status_code == 404, path
            assert answer.headers["iothub-errorcode"] == "GenericNotFound"


@looped
async def test_a_wrong_method_is_told_which_are_right() -> None:
    """SERVICE-23"""
    async with running_hub() as hub:
        answer = await hub.ask("PATCH", "/devices/pump-1")
        assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, GET, PUT")
        assert answer.headers["iothub-errorcode"] == "GenericMethodNotAllowed"


@looped
async def test_words_are_read_in_any_case_and_ids_are_not() -> None:
    """SERVICE-3"""
    async with running_hub() as hub:
        await hub.device("pump-1")
        assert (await hub.ask("GET", "/DEVICES/pump-1/")).status_code == 200
        assert (await hub.ask("GET", "/devices/PUMP-1")).status_code == 404
        assert len(await hub.get("/devices/")) == 1


@looped
async def test_what_the_hub_does_not_know_is_ignored() -> None:
    """SERVICE-4"""
    async with running_hub() as hub:
        made = await hub.device("pump-1", colour="red", cloudToDeviceMessageCount=7)
        assert made["cloudToDeviceMessageCount"] == 0
        assert await hub.get("/devices/pump-1", params={"colour": "red"}) == made


@pytest.mark.parametrize("name", ["50%", "a#b", "a?b", "a+b", "$x", "a%2Fb", "%24"])
@looped
async def test_an_id_is_decoded_exactly_once(name: str) -> None:
    """SERVICE-1"""
    async with running_hub() as hub:
        path = "/devices/" + "".join(f"%{ord(char):02x}" for char in name)
        made = await hub.put(path, {"deviceId": name})
        assert made["deviceId"] == name
        assert (await hub.get(path)) == made


@looped
async def test_a_device_may_be_called_query() -> None:
    async with running_hub() as hub:
        made = await hub.device("query")
        assert await hub.get("/devices/query") == made
        assert (await hub.query("SELECT * FROM devices")).status_code == 200


@pytest.mark.parametrize("spelled", ["hub.test", "HUB.test", "hub.test/", "hub.test%2Fdevices"])
@looped
async def test_a_token_may_spell_its_resource_in_many_ways(spelled: str) -> None:
    """SERVICE-5, TOKEN-4 to TOKEN-7"""
    async with running_hub() as hub:
        key = base64.b64decode(hub.services.access.keys(OWNER)[1])
        expiry = int(hub.clock.now().timestamp()) + LIFE_S
        signature = hmac.digest(key, f"{spelled}\n{expiry}".encode(), "sha256")
        quoted = quote(base64.b64encode(signature).decode(), safe="")
        token = f"SharedAccessSignature skn={OWNER}&se={expiry}&sig={quoted}&sr={spelled}"
        answer = await hub.ask("GET", "/devices", headers={"Authorization": token})
        assert answer.status_code == 200
