"""Carrying changes of configurations to the fleet."""

import asyncio

from structlog.testing import capture_logs

from affinage.domain.allowance import Allowance
from affinage.ports.store import Row, Table
from affinage.services.fleet import codec
from affinage.services.fleet.overlay import Overlay
from affinage.services.portions import MAX_TWINS as BATCH
from affinage.services.sweeps import PAUSE_S, RETRY_S, Sweep
from fakes.life import Life, living, pass_time
from fakes.looped import looped

BIG = "x" * 4000
FULL = {f"f{number}": BIG for number in range(8)}


async def many(life: Life, count: int) -> list[str]:
    names = [f"d{number:03}" for number in range(count)]
    await asyncio.gather(*(life.create(name, tags={"ring": "a"}) for name in names))
    return names


def desired(life: Life) -> list[object]:
    return [life.desired(name).get("who") for name in life.fleet.ids(1000)]


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
    """RECONCILE-36"""
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
    """RECONCILE-37"""
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
    """RECONCILE-38: the one that failed was always tried before those that had waited."""
    async with living() as life:
        await stuck(life)
        await life.create("e", tags={"ring": "a"})
        await life.configure("other", "tags.ring = 'a'", who="other")
        await pass_time(life, 2)
        assert life.desired("e")["who"] == "other"


@looped
async def test_finished_waits_for_every_sweep() -> None:
    async with living() as life:
        await many(life, BATCH * 2)
        await life.sweeps.finished()
        for name in ("one", "two"):
            await life.configure(name, "*", **{name: 1})
        await life.withdraw("two")
        waiting = asyncio.ensure_future(life.sweeps.finished())
        await asyncio.sleep(0)
        assert not waiting.done()
        await waiting
        assert life.desired("d199") == {"one": 1}


@looped
async def test_a_sweep_waits_for_tokens_and_makes_nobody_dirty() -> None:
    """RECONCILE-28"""
    async with living(life=Life(allowance=Allowance(hub_per_s=1, hub_burst=2))) as life:
        await many(life, 5)
        await life.configure("one", "*")
        await life.turn(20)
        assert (desired(life).count("one"), life.tending.figures().waiting) == (2, 0)
        assert life.sweeps.under_way() == [("one", 3, 2)]
        for _ in range(30):
            life.clock.advance(PAUSE_S)
            await life.turn(20)
        assert (desired(life).count("one"), life.sweeps.under_way()) == (5, [])


@looped
async def test_sweeps_that_are_still_to_come_are_told() -> None:
    async with living() as life:
        await many(life, 3)
        life.disk.fails = False
        for name in ("one", "two"):
            await life.configure(name, "*", **{name: 1})
        told = [(one.configuration, one.ahead) for one in life.sweeps.under_way()]
        assert ("two", 3) in told
        await life.settle()
        assert life.sweeps.under_way() == []


@looped
async def test_finished_does_not_wait_for_what_a_dirty_device_holds_up() -> None:
    """RECONCILE-38"""
    async with living() as life:
        await stuck(life)
        await life.sweeps.finished()
        assert life.sweeps.under_way() == [("top", 0, 1)]
    async with living(life) as again:
        await again.sweeps.finished()
        assert again.keys(Table.SWEEPS) == ["top"]
        await again.desire("d", f0=None)
        await again.settle()
        assert (again.fleet.configuration("top"), again.keys(Table.SWEEPS)) == (None, [])


@looped
async def test_made_again_while_it_is_held_up_it_is_another() -> None:
    """RECONCILE-15, RECONCILE-38"""
    async with living() as life:
        await stuck(life)
        await life.sweeps.finished()
        await life.configure("top", "*", priority=9, x=1, y=1)
        await life.settle()
        assert (life.sweeps.under_way(), life.desired("d")["x"]) == ([], 1)


@looped
async def test_the_log_has_a_warning_for_what_may_flap() -> None:
    """CONFIGURATION-23"""
    with capture_logs() as logs:
        async with living() as life:
            await life.configure("one", "properties.desired.who = 'one'")
            await life.settle()
    (warning,) = [entry for entry in logs if entry["event"] == "configuration may flap"]
    assert (warning["configuration"], warning["log_level"]) == ("one", "warning")


@looped
async def test_how_much_there_is_to_sweep_is_known_at_any_time() -> None:
    async with living(life=Life(allowance=Allowance(hub_per_s=1, hub_burst=2))) as life:
        await many(life, 5)
        assert life.sweeps.figures() == (0, 0)
        for name in ("one", "two"):
            await life.configure(name, "*")
        await life.turn(20)
        assert life.sweeps.figures() == (2, 3)
