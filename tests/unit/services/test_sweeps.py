"""Carrying changes of configurations to the fleet, and tending what could not be reconciled."""

import asyncio
from typing import Any

import pytest

from affinage.domain.edge import GRACE
from affinage.domain.errors import Unavailable
from affinage.ports.store import Row, Table
from affinage.services.fleet import codec
from affinage.services.fleet.overlay import Overlay
from affinage.services.sweeps import BATCH, MAX_RETRY_S, RETRY_S, TEND_S, Sweep
from fakes.life import OWNER, Life, living
from fakes.looped import looped

BIG = "x" * 4000
FULL = {f"f{number}": BIG for number in range(8)}


async def many(life: Life, count: int) -> list[str]:
    names = [f"d{number:03}" for number in range(count)]
    await asyncio.gather(*(life.create(name, tags={"ring": "a"}) for name in names))
    return names


def desired(life: Life) -> list[object]:
    return [life.desired(name).get("who") for name in life.fleet.ids(1000)]


async def pass_time(life: Life, seconds: float) -> None:
    """Second by second, so that every loop gets its turns."""
    for _ in range(int(seconds)):
        life.clock.advance(1)
        await life.turn(12)


def listening(life: Life) -> list[Sweep | None]:
    """What will be written of sweeps from now on; None is the end of one."""
    written: list[Sweep | None] = []

    def committed(overlay: Overlay) -> None:
        rows = [row for row in overlay.rows if row.table is Table.SWEEPS]
        written.extend(codec.decode(row.body, Sweep) if row.body else None for row in rows)

    life.fleet.listen(committed)
    return written


def attempts(life: Life, name: str = "d") -> int:
    dirty = life.fleet.device(name).dirty
    return dirty.attempts if dirty else 0


@looped
async def test_a_new_configuration_reaches_whom_it_matches_and_nobody_else() -> None:
    async with living() as life:
        await life.create("a", "b", tags={"ring": "a"})
        await life.create("c")
        await life.configure("one", "tags.ring = 'a'")
        await life.settle()
        assert desired(life) == ["one", "one", None]
        assert life.keys(Table.SWEEPS) == []


@looped
async def test_a_sweep_goes_in_batches_and_writes_down_how_far_it_has_come() -> None:
    async with living() as life:
        await many(life, BATCH + 1)
        written = listening(life)
        await life.configure("one", "*")
        await life.settle()
        assert [sweep and sweep.cursor for sweep in written] == [0, BATCH, BATCH + 1, None]


@looped
async def test_retargeting_takes_it_from_those_it_left_and_to_those_it_meets() -> None:
    async with living() as life:
        await life.create("a", tags={"ring": "a"})
        await life.create("b", tags={"ring": "b"})
        await life.configure("one", "tags.ring = 'a'")
        await life.settle()
        await life.retarget("one", "tags.ring = 'b'")
        await life.settle()
        assert (desired(life), life.fleet.carriers("one")) == ([None, "one"], 1)


@looped
async def test_a_deleted_configuration_is_purged_when_nobody_carries_it() -> None:
    """CONFIGURATION-21"""
    async with living() as life:
        await many(life, 3)
        await life.configure("one", "*")
        await life.settle()
        await life.withdraw("one")
        assert life.keys(Table.CONFIGURATIONS) == ["one"]
        await life.settle()
        assert (desired(life), life.fleet.configuration("one")) == ([None] * 3, None)
        assert life.keys(Table.CONFIGURATIONS) + life.keys(Table.SWEEPS) == []


@looped
async def test_a_sweep_that_was_cut_short_goes_on_behind_its_cursor() -> None:
    async with living() as life:
        await many(life, 3)
        one = await life.configure("one", "")
        await life.settle()
    body = codec.encode(Sweep(1, 2, cursor=2))
    async with living(life) as again:
        await again.retarget("one", "*")
        again.disk.fails = True
        await again.turn()
    again.disk.fails = False
    await again.store.commit([Row(Table.SWEEPS, "one", body)])
    async with living(again) as last:
        await last.settle()
        assert (desired(last), one["etag"]) == ([None, None, "one"], "MQ==")


@looped
async def test_a_sweep_that_could_not_be_written_goes_on_when_the_disk_is_back() -> None:
    async with living() as life:
        await many(life, 3)
        failing = iter([True])  # from the commit after the configuration's own
        life.fleet.listen(lambda _: setattr(life.disk, "fails", next(failing, False)))
        await life.configure("one", "*")
        await life.turn()
        assert desired(life) == [None] * 3
        life.disk.fails = False
        life.clock.advance(RETRY_S)
        await life.settle()
        assert desired(life) == ["one"] * 3


@looped
async def test_a_later_change_takes_the_place_of_the_sweep_under_way() -> None:
    async with living() as life:
        await many(life, BATCH * 6)
        written = listening(life)
        await life.configure("one", "*")
        while not life.fleet.carriers("one"):
            await life.turn(1)
        await life.retarget("one", "deviceId = 'd001'")
        await life.settle()
        assert (life.fleet.carriers("one"), desired(life).count("one")) == (1, 1)
        etags = [sweep.etag for sweep in written if sweep]
        assert (etags == sorted(etags), written[-1]) == (True, None)


@looped
async def test_made_again_while_it_is_swept_away_it_inherits_nothing() -> None:
    """RECONCILE-15"""
    async with living() as life:
        await many(life, BATCH * 2)
        await life.configure("one", "*", old=1)
        await life.settle()
        await life.withdraw("one")
        await life.configure("one", "deviceId = 'd001'", new=1)
        await life.settle()
        found = {name: life.desired(name) for name in life.fleet.ids(1000)}
        assert found.pop("d001") == {"new": 1}
        assert list(found.values()) == [{}] * (BATCH * 2 - 1)
        assert life.fleet.carriers("one") == 1


@looped
async def test_what_is_deleted_while_it_is_swept_is_passed_over() -> None:
    async with living() as life:
        names = await many(life, 3)
        configured = asyncio.ensure_future(life.configure("one", "*"))
        gone = [asyncio.ensure_future(life.delete(name)) for name in names[:2]]
        await asyncio.gather(configured, *gone)
        await life.settle()
        assert desired(life) == ["one"]


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
        await pass_time(life, MAX_RETRY_S - 1)
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


async def stuck(life: Life) -> None:
    """A tombstone that cannot be purged: what would take its place is too large for the device."""
    await life.create("d", desired={f"f{number}": BIG for number in range(7)})
    await life.configure("low", "*", x=BIG, y=BIG)
    await life.configure("top", "*", priority=9, x=0, y=0)
    await life.settle()
    assert life.fleet.dirty() == []
    await life.withdraw("top")
    await life.turn(12)


@looped
async def test_a_tombstone_stays_while_a_device_cannot_give_it_up() -> None:
    async with living() as life:
        await stuck(life)
        await pass_time(life, 3)
        assert (attempts(life), life.fleet.carriers("top")) == (3, 1)
        await life.desire("d", f0=None)
        await pass_time(life, 2)
        assert (life.fleet.configuration("top"), life.desired("d")["x"]) == (None, BIG)


@looped
async def test_one_sweep_that_cannot_end_keeps_no_other_waiting() -> None:
    """The one that failed was always tried before those that had waited."""
    async with living() as life:
        await stuck(life)
        await life.create("e", tags={"ring": "a"})
        await life.configure("other", "tags.ring = 'a'", who="other")
        await pass_time(life, 2)
        assert life.desired("e")["who"] == "other"


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
        assert life.fleet.leaving(GRACE * 2) == []


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


@looped
async def test_finished_waits_for_every_sweep() -> None:
    async with living() as life:
        await many(life, BATCH * 2)
        await life.sweeps.finished()
        for name in ("one", "two"):
            await life.configure(name, "*", **{name: 1})
        waiting = asyncio.ensure_future(life.sweeps.finished())
        await asyncio.sleep(0)
        assert not waiting.done()
        await waiting
        assert life.desired("d199") == {"one": 1, "two": 1}
