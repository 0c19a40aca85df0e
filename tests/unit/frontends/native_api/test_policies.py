"""frontends/native_api/policies.py."""

import pytest

from affinage.domain.policy import MAX_POLICIES
from affinage.frontends.native_api.described import PREFIX
from affinage.services.policies import BUILT_IN
from fakes.hub import running_hub
from fakes.looped import looped

POLICIES = f"{PREFIX}/policies"
MINE = f"{POLICIES}/mine"
SERVICE = {"rights": ["ServiceConnect"]}


@looped
async def test_one_is_made_shown_changed_and_deleted() -> None:
    """POLICY-2, POLICY-3"""
    async with running_hub() as hub:
        made = await hub.ask("PUT", MINE, SERVICE)
        assert (made.status_code, made.json()["name"]) == (200, "mine")
        etag = made.headers["etag"]
        assert etag == f'"{made.json()["etag"]}"'
        assert (await hub.ask("GET", MINE)).json() == made.json()
        assert (await hub.ask("PUT", MINE, {"rights": ["DeviceConnect"]}, etag=etag)).is_success
        assert (await hub.ask("DELETE", MINE, etag=etag)).status_code == 412
        assert (await hub.ask("DELETE", MINE)).status_code == 204
        assert (await hub.ask("GET", MINE)).json()["title"] == "Policy not found"


@looped
async def test_all_are_listed_by_name() -> None:
    async with running_hub() as hub:
        found = await hub.get(POLICIES)
        names = [one["name"] for one in found["policies"]]
        assert names == sorted(BUILT_IN)
        assert "Key" not in str(found)


@looped
async def test_keys_are_shown_to_who_asks_for_them_and_kept_by_nobody_on_the_way() -> None:
    """POLICY-4, POLICY-5"""
    async with running_hub() as hub:
        params = {"keys": "true"}
        answer = await hub.ask("GET", f"{POLICIES}/service", params=params)
        assert answer.json()["primaryKey"] == hub.services.access.keys("service")[0]
        assert answer.headers["cache-control"] == "no-store"
        assert "primaryKey" not in await hub.get(f"{POLICIES}/service")
        narrow = await hub.ask(
            "GET", f"{POLICIES}/service", params=params, policy="registryReadWrite"
        )
        assert (narrow.status_code, narrow.json()["title"]) == (401, "Forbidden")


@pytest.mark.parametrize("key", ["primary", "secondary", "swap"])
@looped
async def test_keys_are_regenerated(key: str) -> None:
    """POLICY-7"""
    async with running_hub() as hub:
        before = hub.services.access.keys("service")
        path = f"{POLICIES}/service/keys/regenerate"
        answer = await hub.ask("POST", path, {"key": key}, params={"keys": "true"})
        after = hub.services.access.keys("service")
        assert (answer.json()["primaryKey"], answer.json()["secondaryKey"]) == after
        changed = [one for one in after if one not in before]
        assert len(changed) == (0 if key == "swap" else 1)


@pytest.mark.parametrize(
    ("method", "path", "body", "problem"),
    [
        ("PUT", MINE, {"rights": "all"}, "malformed"),
        ("PUT", MINE, {"rights": ["Everything"]}, "invalid"),
        ("PUT", f"{POLICIES}/service", SERVICE, "policy_exists"),
        ("DELETE", f"{POLICIES}/iothubowner", None, "invalid"),
        ("POST", f"{POLICIES}/service/keys/regenerate", {}, "malformed"),
        ("POST", f"{POLICIES}/service/keys/regenerate", {"key": ["primary"]}, "malformed"),
        ("GET", f"{POLICIES}/service?keys=maybe", None, "malformed"),
    ],
)
@looped
async def test_what_is_refused_is_told_as_a_problem(
    method: str, path: str, body: object, problem: str
) -> None:
    async with running_hub() as hub:
        path, _, keys = path.partition("?keys=")
        answer = await hub.ask(method, path, body, params={"keys": keys} if keys else None)
        assert answer.json()["type"] == f"urn:affinage:problem:{problem}"


@looped
async def test_a_seventeenth_is_too_many() -> None:
    """POLICY-1"""
    async with running_hub() as hub:
        for number in range(MAX_POLICIES - len(BUILT_IN)):
            await hub.put(f"{POLICIES}/p{number}", SERVICE)
        answer = await hub.ask("PUT", MINE, SERVICE)
        assert (answer.status_code, answer.json()["title"]) == (403, "Too many policies")
