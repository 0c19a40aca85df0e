"""frontends/native_api/calls.py."""

import pytest

from affinage.frontends.native_api.described import PREFIX
from fakes.hub import running_hub
from fakes.looped import looped

METRICS = f"{PREFIX}/configurations/one/metrics"


@looped
async def test_who_has_a_document_already_is_told_so() -> None:
    """NATIVE-5"""
    async with running_hub() as hub:
        await hub.put("/configurations/one", {"targetCondition": "*"})
        first = await hub.ask("GET", METRICS)
        etag = first.headers["ETag"]
        for known in (etag, f'"x", W/{etag}'):
            again = await hub.ask("GET", METRICS, headers={"If-None-Match": known})
            assert (again.status_code, again.content) == (304, b"")
        other = await hub.ask("GET", METRICS, headers={"If-None-Match": '"x"'})
        assert (other.status_code, other.json()) == (200, first.json())


@pytest.mark.parametrize("limit", ["-1", "x", "1.5", "٣", "9" * 10])
@looped
async def test_a_number_is_a_number(limit: str) -> None:
    async with running_hub() as hub:
        await hub.put("/configurations/one", {"targetCondition": "*"})
        path = f"{METRICS}/targetedCount/rows"
        answer = await hub.ask("GET", path, params={"limit": limit})
        assert answer.json()["type"] == "urn:affinage:problem:malformed"


@pytest.mark.parametrize(
    ("flag", "keys"), [("", False), ("?keys=false", False), ("?keys=true", True)]
)
@looped
async def test_a_flag_is_true_or_false(flag: str, keys: bool) -> None:
    async with running_hub() as hub:
        params = {"keys": flag.removeprefix("?keys=")} if flag else None
        shown = await hub.get(f"{PREFIX}/policies/service", params=params)
        assert ("primaryKey" in shown) is keys
        answer = await hub.ask("GET", f"{PREFIX}/policies/service", params={"keys": "1"})
        assert answer.json()["type"] == "urn:affinage:problem:malformed"
