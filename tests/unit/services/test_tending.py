"""Tending what could not be reconciled, and all else that is due though nobody writes."""

from typing import Any

import pytest

from affinage.domain.allowance import Allowance
from affinage.domain.edge import GRACE
from affinage.domain.errors import Unavailable
from affinage.services.fleet.pending import Reason
from affinage.services.fleet.settling import MAX_RETRY
from affinage.services.tending import TEND_S
from fakes.life import OWNER, Life, living, pass_time
from fakes.looped import looped

BIG = "x" * 4000
FULL = {f"f{number}": BIG for number in range(8)}


def attempts(life: Life, name: str = "d") -> int:
    dirty = life.fleet.device(name).dirty
    return dirty.attempts if dirty else 0


@looped
async def test_what_cannot_be_reconciled_is_tried_again_with_growing_pauses() -> None:
    """RECONCILE-23"""
    async with living() as life:
        await life.create("d", desired=FULL)
        await life.configure("one", "*", more=BIG)
        await life.settle()
        seen = []
        for _ in range(8):
            seen.append(attempts(life))
            await pass_time(life, 1)
        assert seen == [1, 2, 2, 3, 3, 3, 3, 4]


@looped
async def test_pauses_grow_to_five_minutes_and_no_further() -> None:
    async with living() as life:
        await life.create("d", desired=FULL)
        await life.configure("one", "*", more=BIG)
        await life.settle()
        await pass_time(life, sum(2**n for n in range(9)))
        assert attempts(life) == 10
        await pass_time(life, MAX_RETRY / 1000 - 1)
        assert attempts(life) == 10
        await pass_time(life, 1)
        assert attempts(life) == 11


@looped
async def test_it_recovers_when_what_stood_in_the_way_goes() -> None:
    """RECONCILE-23"""
    async with living() as life:
        await life.create("d", desired=FULL)
        await life.configure("one", "*", more=BIG)
        await life.settle()
        assert [device.id for device in life.fleet.dirty()] == ["d"]
        await life.withdraw("one")
        await life.settle()
        assert (life.fleet.dirty(), life.desired("d")) == ([], FULL)


async def with_leaver(life: Life) -> None:
    """An edge device whose module has just begun to leave."""
    await life.create("gw", edge=True)
    content: dict[str, Any] = {
        "modulesContent": {
            "$edgeAgent": {"properties.desired.modules.m": {"settings": {}}},
            "m": {"properties.desired": {"x": 1}},
        }
    }
    body: dict[str, Any] = {"content": content, "targetCondition": "NOT IS_DEFINED(tags.off)"}
    await life.configurations.put("edge", body, if_match=None, by=OWNER)
    body = {"content": {"modulesContent": {"$edgeAgent": {}}}, "targetCondition": "*"}
    await life.configurations.put("rest", body, if_match=None, by=OWNER)
    await life.settle()
    await life.tag("gw", off=True)
    assert "m" in life.fleet.device("gw").modules


@looped
async def test_a_module_goes_when_its_grace_is_over() -> None:
    """EDGE-11"""
    async with living() as life:
        await with_leaver(life)
        life.clock.advance(GRACE / 1000 - TEND_S)
        await life.turn(12)
        assert "m" in life.fleet.device("gw").modules
        await pass_time(life, TEND_S)
        assert "m" not in life.fleet.device("gw").modules
        assert life.tending.figures().leaving == 0


@looped
async def test_a_dirty_device_with_a_leaving_module_waits_as_long_as_any() -> None:
    """It was tried again every second, whatever its pause."""
    async with living() as life:
        await with_leaver(life)
        await life.desire("gw", **FULL)
        await life.configure("big", "deviceId = 'gw'", more=BIG)
        await life.settle()
        life.clock.advance(GRACE / 1000)
        await life.turn(12)
        tried = attempts(life, "gw")
        await pass_time(life, 8)
        assert attempts(life, "gw") - tried <= 3


@looped
async def test_tending_goes_on_after_a_failed_commit() -> None:
    async with living() as life:
        await life.create("d", desired=FULL)
        await life.configure("one", "*", more=BIG)
        await life.settle()
        life.disk.fails = True
        await pass_time(life, 3)
        with pytest.raises(Unavailable):
            await life.tag("d", ring="a")
        assert attempts(life) == 1
        life.disk.fails = False
        await pass_time(life, 2)
        assert attempts(life) == 2


def scarce(**changes: Any) -> Life:
    """A hub with one token in the beginning, and one more each second."""
    return Life(allowance=Allowance(hub_per_s=1, hub_burst=1, **changes))


@looped
async def test_what_waits_for_a_token_is_written_one_by_one_as_they_come() -> None:
    """RECONCILE-26, RECONCILE-27"""
    async with living(life=scarce()) as life:
        await life.configure("one", "tags.on = true")
        await life.create("a", "b", "c", tags={"on": True})
        seen = [[life.desired(name).get("who") for name in "abc"]]
        for _ in range(2):
            await pass_time(life, 1)
            seen.append([life.desired(name).get("who") for name in "abc"])
        assert seen == [["one", None, None], ["one", "one", None], ["one", "one", "one"]]
        assert life.tending.figures().waiting == 0


@looped
async def test_what_waits_is_remembered_by_the_next_life() -> None:
    """RECONCILE-27"""
    async with living(life=scarce()) as life:
        await life.configure("one", "tags.on = true")
        await life.create("a", "b", tags={"on": True})
        assert [held.device for held in life.tending.listed(Reason.WAITING)] == ["b"]
    async with living(life) as again:
        await pass_time(again, 1)
        assert again.desired("b") == {"who": "one"}


@looped
async def test_a_busy_site_keeps_no_other_waiting() -> None:
    """RECONCILE-27"""
    async with living(life=scarce()) as life:
        await life.configure("one", "tags.on = true")
        await life.create("a", "b", "c", "d", tags={"on": True, "site": "busy"})
        await life.create("e", tags={"on": True, "site": "quiet"})
        await pass_time(life, 2)
        assert life.desired("e") == {"who": "one"}
        assert [held.device for held in life.tending.listed(Reason.WAITING)] == ["c", "d"]


@looped
async def test_drift_is_corrected_after_five_minutes_even_after_a_restart() -> None:
    """RECONCILE-33, RECONCILE-34"""
    async with living() as life:
        await life.create("d")
        await life.configure("one", "*")
        await life.settle()
        await life.desire("d", who="somebody")
        drifted = life.tending.listed(Reason.DRIFTED)[0]
        assert drifted.due == (drifted.since or 0) + 300_000
    async with living(life) as again:
        await pass_time(again, 299)
        assert (again.desired("d"), again.tending.figures().drifted) == ({"who": "somebody"}, 1)
        await pass_time(again, 1)
        assert (again.desired("d"), again.tending.figures().drifted) == ({"who": "one"}, 0)


@looped
async def test_a_frozen_membership_is_shown_and_thaws_after_an_hour() -> None:
    """RECONCILE-31, RECONCILE-35"""
    async with living() as life:
        await life.create("d")
        await life.configure("one", "tags.on = true")
        await life.settle()
        for on in (True, False, True, False, True):
            await life.tag("d", on=on)
        frozen = life.tending.listed(Reason.FROZEN)[0]
        assert (frozen.device, frozen.what, life.desired("d")) == ("d", ("one",), {})
        life.clock.advance(3599)
        await pass_time(life, 1)
        assert (life.desired("d"), life.tending.figures().frozen) == ({"who": "one"}, 0)


@looped
async def test_a_frozen_membership_thaws_when_the_configuration_is_edited() -> None:
    """RECONCILE-31"""
    async with living() as life:
        await life.create("d")
        await life.configure("one", "tags.on = true")
        await life.settle()
        for on in (True, False, True, False, True):
            await life.tag("d", on=on)
        await life.retarget("one", "tags.on = true OR tags.off = true")
        await life.settle()
        assert (life.desired("d"), life.tending.figures().frozen) == ({"who": "one"}, 0)


@looped
async def test_a_frozen_membership_is_none_when_the_configuration_is_for_others() -> None:
    """RECONCILE-31"""
    async with living() as life:
        await life.create("d")
        await life.configure("one", "tags.on = true")
        await life.settle()
        for on in (True, False, True, False, True):
            await life.tag("d", on=on)
        await life.retarget("one", "deviceId = 'somebody'")
        await life.settle()
        assert (life.desired("d"), life.tending.figures().frozen) == ({}, 0)


@looped
async def test_behind_each_figure_is_a_list() -> None:
    """RECONCILE-35"""
    async with living() as life:
        await with_leaver(life)
        await life.create("d", desired=FULL)
        await life.configure("big", "deviceId = 'd'", more=BIG)
        await life.settle()
        figures = life.tending.figures()
        assert (figures.failed, figures.leaving, figures.tokens_refused) == (1, 1, 0)
        failed, leaving = (life.tending.listed(one)[0] for one in (Reason.FAILED, Reason.LEAVING))
        assert (failed.device, failed.attempts, "would take" in failed.error) == ("d", 1, True)
        assert (leaving.device, leaving.what, leaving.since) == ("gw", ("m",), None)
        assert life.tending.listed(Reason.FAILED, limit=0) == []


@looped
async def test_who_is_gone_when_its_turn_comes_is_passed_over() -> None:
    async with living(life=scarce()) as life:
        await life.configure("one", "tags.on = true")
        await life.create("a", "b", tags={"on": True})
        life.clock.advance(1)
        await life.delete("b")
        await life.turn(12)
        assert life.tending.figures().waiting == 0
