"""frontends/native_api/audit.py."""

import pytest

from affinage.frontends.native_api.described import PREFIX
from fakes.hub import running_hub
from fakes.looped import looped

AUDIT = f"{PREFIX}/audit"


@looped
async def test_changes_through_either_door_are_told_newest_first() -> None:
    """AUDIT-1, AUDIT-8"""
    async with running_hub() as hub:
        await hub.device("d")
        await hub.patch("/twins/d", {"tags": {"a": 1}})
        made = await hub.ask("PUT", f"{PREFIX}/policies/mine", {"rights": ["RegistryRead"]})
        page = await hub.get(AUDIT, params={"limit": "2"})
        actions = [(one["action"], one["subject"]) for one in page["entries"]]
        assert actions == [("policy.create", "mine"), ("twin.patch", "d")]
        assert page["entries"][0]["actor"]["requestId"] == made.headers["x-ms-request-id"]
        assert page["anchor"] == {"number": 0, "hash": "0" * 64}
        rest = await hub.get(AUDIT, params={"after": page["next"]})
        assert ([one["number"] for one in rest["entries"]], rest["next"]) == ([1], None)


@looped
async def test_entries_are_asked_for_by_what_they_say() -> None:
    """AUDIT-8"""
    async with running_hub() as hub:
        await hub.device("d")
        await hub.device("e")
        for params, subjects in (
            ({"subject": "e"}, ["e"]),
            ({"actor": "nobody"}, []),
            ({"action": "device", "since": "2025-01-01T00:00:00Z"}, ["e", "d"]),
            ({"until": "2025-01-01T01:00:00+01:00"}, []),
        ):
            page = await hub.get(AUDIT, params=params)
            assert [one["subject"] for one in page["entries"]] == subjects


@pytest.mark.parametrize("since", ["yesterday", "2025-01-01T00:00:00", "9999-99-99T00:00:00Z", ""])
@looped
async def test_a_moment_that_is_none_is_refused(since: str) -> None:
    async with running_hub() as hub:
        answer = await hub.ask("GET", AUDIT, params={"since": since})
        assert answer.json()["type"] == "urn:affinage:problem:malformed"


@looped
async def test_one_entry_is_shown_and_what_is_none_is_not_found() -> None:
    async with running_hub() as hub:
        await hub.device("d")
        assert (await hub.get(f"{AUDIT}/1"))["action"] == "device.create"
        for number in ("2", "0", "x", "1" * 30, "%EF%BC%91"):
            answer = await hub.ask("GET", f"{AUDIT}/{number}")
            assert answer.json()["type"] == "urn:affinage:problem:audit_entry_not_found"
