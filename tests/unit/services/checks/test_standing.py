"""services/checks/standing.py: what the hub itself knows that it has not done."""

import pytest

from affinage.domain.allowance import Allowance
from affinage.domain.values import JsonObject
from affinage.services.checks.finding import MAX_DETAILS, Finding, Progress, Severity
from affinage.services.checks.standing import Standing
from affinage.services.fleet import bitmaps
from fakes.life import Life, living
from fakes.looped import looped

FULL: JsonObject = {str(number): "x" * 4000 for number in range(8)}
CHECKS = ["failed", "waiting", "frozen", "drifted", "leaving", "sweeps", "index"]


async def findings(life: Life) -> dict[str, Finding]:
    """By check."""
    found = await Standing(life.fleet, life.sweeps, life.tending).check(Progress())
    return {one.check: one for one in found}


@looped
async def test_where_nothing_waits_all_is_well() -> None:
    async with living() as life:
        await life.settle()
        found = await findings(life)
        assert [*found] == CHECKS
        assert {one.severity for one in found.values()} == {Severity.OK}
        assert not any(one.details or one.next_step for one in found.values())


@looped
async def test_dirty_devices_are_named_with_their_errors() -> None:
    """NATIVE-25"""
    async with living() as life:
        names = [f"d{number}" for number in range(MAX_DETAILS + 1)]
        await life.create(*names, desired=FULL)
        await life.configure("one", "*", more="x" * 4000)
        await life.settle()
        failed = (await findings(life))["failed"]
        assert failed.severity is Severity.WARNING
        assert failed.what.startswith("11 devices cannot be made what")
        assert failed.details[0].startswith("d0: desired of d0 would take ")
        assert "since 2025-01-01T00:00:00Z, tried 1 times" in failed.details[0]
        assert failed.details[-1] == "and 1 more"


@looped
async def test_who_waits_for_a_token_is_named_and_so_are_the_sweeps() -> None:
    """NATIVE-25"""
    life = Life(allowance=Allowance(hub_per_s=1, hub_burst=1))
    async with living(life=life):
        await life.configure("one", "tags.on = true")
        await life.create("a", "b", tags={"on": True})
        await life.configure("two", "*", x=1)
        found = await findings(life)
        assert found["waiting"].details == ("b: since 2025-01-01T00:00:00Z",)
        assert "budget" in found["waiting"].next_step
        assert found["sweeps"].details == ("two: 2 devices ahead",)


@looped
async def test_what_is_frozen_or_written_over_is_named() -> None:
    """NATIVE-25"""
    async with living() as life:
        await life.create("flaps", "drifts")
        await life.configure("one", "tags.on = true")
        await life.settle()
        for on in (True, False, True, False, True):
            await life.tag("flaps", on=on)
        await life.tag("drifts", on=True)
        await life.desire("drifts", who="me")
        found = await findings(life)
        assert found["frozen"].severity is Severity.WARNING
        assert found["frozen"].details == ("flaps: one until 2025-01-01T01:00:00Z",)
        assert found["drifted"].severity is Severity.OK
        assert "corrected at 2025-01-01T00:05:00Z" in found["drifted"].details[0]


@looped
async def test_modules_that_leave_are_named() -> None:
    """NATIVE-25"""
    async with living() as life:
        await life.create("gw", edge=True)
        await life.deploy("edge", "NOT IS_DEFINED(tags.off)", "m")
        await life.deploy("rest", "*")
        await life.settle()
        await life.tag("gw", off=True)
        leaving = (await findings(life))["leaving"]
        assert leaving.details == ("gw: m at 2025-01-01T00:10:00Z",)


@looped
async def test_paths_with_too_many_values_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """NATIVE-25"""
    monkeypatch.setattr(bitmaps, "MAX_VALUES", 1)
    async with living() as life:
        for number in range(3):
            await life.create(f"d{number}", tags={"serial": number})
        await life.configure("one", "tags.serial = 1")
        await life.settle()
        index = (await findings(life))["index"]
        assert (index.severity, index.details) == (Severity.WARNING, ("tags.serial of devices",))
