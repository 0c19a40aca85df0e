"""frontends/native_api/metrics.py."""

from typing import Any

import pytest

from affinage.frontends.native_api.described import PREFIX
from affinage.services import counts
from fakes.hub import Hub, running_hub
from fakes.looped import looped

METRICS = f"{PREFIX}/configurations/one/metrics"


async def configured(hub: Hub, **queries: str) -> None:
    """Three devices, and a configuration that targets two of them."""
    for name, ring in (("a", "x"), ("b", "x"), ("c", "y")):
        await hub.device(name)
        await hub.patch(f"/twins/{name}", {"tags": {"ring": ring}})
    body = {"targetCondition": "tags.ring = 'x'", "metrics": {"queries": queries}}
    await hub.put("/configurations/one", body)
    await hub.sweeps.finished()
    hub.clock.advance(1)


@looped
async def test_each_metric_is_told_with_its_time() -> None:
    """NATIVE-10, NATIVE-11"""
    async with running_hub() as hub:
        await configured(hub, ys="SELECT deviceId", none="SELECT * FROM devices WHERE tags.n > 1")
        found = await hub.get(METRICS)
    assert found["configuration"] == "one"
    names = [(one["name"], one["custom"], one["count"], one["by"]) for one in found["metrics"]]
    assert names == [
        ("targetedCount", False, 2, "index"),
        ("appliedCount", False, 0, "index"),
        ("ys", True, 3, "index"),
        ("none", True, 0, "scan"),
    ]
    assert {one["countedAt"][:17] for one in found["metrics"]} == {"2025-01-01T00:00:"}
    assert found["metrics"][2]["query"] == "SELECT deviceId FROM devices"


@looped
async def test_the_rows_behind_a_number_come_in_pages() -> None:
    """NATIVE-6, NATIVE-13"""
    async with running_hub() as hub:
        await configured(hub)
        rows, after = list[Any](), ""
        while after is not None:
            asked = {"limit": "1", **({"after": after} if after else {})}
            page = await hub.get(f"{METRICS}/targetedCount/rows", params=asked)
            rows, after = rows + page["rows"], page["next"]
        assert rows == [{"deviceId": "a"}, {"deviceId": "b"}]


@looped
async def test_a_metric_that_is_none_is_not_found() -> None:
    """NATIVE-13"""
    async with running_hub() as hub:
        await configured(hub)
        answer = await hub.ask("GET", f"{METRICS}/lost/rows")
        assert (answer.status_code, answer.json()["title"]) == (404, "Metric not found")


def test_what_was_not_counted_yet_is_null_here_and_absent_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """NATIVE-10, CONFIGURATION-30"""
    monkeypatch.setattr(counts, "WAIT_S", 0.01)

    @looped
    async def ask() -> None:
        async with running_hub(counting=False) as hub:
            await configured(hub)
            first = (await hub.get(METRICS))["metrics"][0]
            assert {**first, "count": None, "countedAt": None, "by": None} == first
            assert (await hub.get("/configurations/one"))["systemMetrics"]["results"] == {}

    ask()
