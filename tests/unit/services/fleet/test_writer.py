"""The one writer: who is answered what, when a commit ends well, badly, or not at all."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import pytest

from affinage.adapters.memory.store import MemoryStore
from affinage.domain.errors import DeviceNotFound, Unavailable
from affinage.domain.names import TwinKey
from affinage.domain.query.syntax import Collection
from affinage.ports.store import Row
from affinage.services.fleet.guards import Guards
from affinage.services.fleet.memory import Memory
from affinage.services.fleet.overlay import Overlay
from affinage.services.fleet.unit import Change, View
from affinage.services.fleet.writer import MAX_UNITS, TURN_S, Writer
from affinage.services.registry import FreshModules
from fakes.clock import FixedClock
from fakes.commits import MAKINGS, configuration, configuring, deleting, device, putting
from fakes.life import Disk, Life, living
from fakes.looped import looped


class BrokenStore(MemoryStore):
    """Raises what a store may not raise."""

    async def commit(self, rows: Sequence[Row]) -> None:
        raise RuntimeError("cannot schedule new futures")


class Written:
    """A writer over its memory, what was committed, and a disk."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.disk = Disk()
        self.memory = Memory()
        self.overlays: list[Overlay] = []
        kept = store or MemoryStore(self.disk.sync)
        self.clock = clock = FixedClock()
        self.writer = Writer(self.memory, kept, clock, FreshModules(MAKINGS), Guards(clock))
        self.writer.listen(self.overlays.append)

    def begin(self, change: Change[None]) -> asyncio.Future[None]:
        return asyncio.ensure_future(self.writer.change(lambda _: change))


@asynccontextmanager
async def writing(store: MemoryStore | None = None) -> AsyncIterator[Written]:
    written = Written(store)
    running = asyncio.ensure_future(written.writer.run())
    yield written
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def outcomes(*futures: asyncio.Future[None]) -> list[object]:
    return await asyncio.gather(*futures, return_exceptions=True)


@looped
async def test_units_that_arrive_together_share_one_commit() -> None:
    async with writing() as hub:
        await outcomes(*[hub.begin(putting(device(name))) for name in "abc"])
        assert (hub.disk.commits, len(hub.overlays), list(hub.memory.ids)) == (1, 1, [*"abc"])


@looped
async def test_what_arrives_while_a_commit_is_under_way_shares_the_next() -> None:
    async with writing() as hub:
        hub.disk.hold()
        first = hub.begin(putting(device("a")))
        await asyncio.sleep(0.0)
        await asyncio.sleep(0.0)
        others = [hub.begin(putting(device(name))) for name in "bc"]
        hub.disk.release()
        await outcomes(first, *others)
        assert hub.disk.commits == 2


@looped
async def test_no_commit_has_more_than_its_share_of_units() -> None:
    async with writing() as hub:
        await outcomes(*[hub.begin(putting(device(f"d{n}"))) for n in range(MAX_UNITS + 1)])
        assert [len(overlay.devices) for overlay in hub.overlays] == [MAX_UNITS, 1]


@looped
async def test_units_that_take_long_leave_the_others_to_the_next_commit() -> None:
    """In their order, and the loop breathes between: a few reports may take as long as a second."""
    async with writing() as hub:

        def slowly(name: str) -> asyncio.Future[None]:
            def decide(_: View) -> Change[None]:
                hub.clock.advance(TURN_S * 0.6)
                return putting(device(name))

            return asyncio.ensure_future(hub.writer.change(decide))

        assert await outcomes(*map(slowly, "abcde")) == [None] * 5
        assert [[*one.devices] for one in hub.overlays] == [["a", "b"], ["c", "d"], ["e"]]
        assert (hub.writer.figures.sizes.count, hub.writer.figures.sizes.total) == (3, 5)


@looped
async def test_nothing_to_write_costs_no_commit() -> None:
    async with writing() as hub:
        await hub.begin(Change(lambda _: None))
        assert hub.disk.commits == 0


@looped
async def test_a_refusal_is_its_callers_alone() -> None:
    def refuses(view: View) -> Change[None]:
        view.device("nobody")
        raise AssertionError("there is nobody")

    async with writing() as hub:
        refused = asyncio.ensure_future(hub.writer.change(refuses))
        one, other = await outcomes(refused, hub.begin(putting(device("a"))))
        assert (type(one), other) == (DeviceNotFound, None)


@looped
async def test_what_was_refused_goes_with_its_answer() -> None:
    """Without the collector: with it goes what was asked for, which may be large."""

    class Asked:
        def __call__(self, _: View) -> Change[None]:
            try:
                raise KeyError
            except KeyError:
                raise DeviceNotFound("no device a") from None

    async with writing() as hub:
        asked = Asked()
        refused, gone = hub.writer.change(asked), weakref.ref(asked)
        gc.disable()
        await asyncio.wait([refused])
        assert isinstance(refused.exception(), DeviceNotFound)
        del asked, refused
        await asyncio.sleep(0)
        gc.enable()
        assert gone() is None


@looped
async def test_whatever_a_unit_raises_is_told() -> None:
    """A StopIteration too, which no future takes."""

    def ends(_: View) -> Change[None]:
        raise StopIteration("enough")

    async with writing() as hub:
        with pytest.raises(RuntimeError, match="enough"):
            await hub.writer.change(ends)
        await hub.begin(putting(device("a")))


@looped
async def test_nobody_hears_anything_before_the_commit() -> None:
    async with writing() as hub:
        hub.disk.hold()
        change = hub.begin(putting(device("a")))
        for _ in range(5):
            await asyncio.sleep(0)
        assert (change.done(), hub.memory.find("a"), hub.overlays) == (False, None, [])
        hub.disk.release()
        await change


@looped
async def test_a_caller_that_is_cancelled_gives_up_only_the_answer() -> None:
    async with writing() as hub:
        cancelled, other = hub.begin(putting(device("a"))), hub.begin(putting(device("b")))
        await asyncio.sleep(0)
        cancelled.cancel()
        assert await outcomes(other) == [None]
        assert list(hub.memory.ids) == ["a", "b"]


@looped
async def test_a_commit_that_fails_refuses_all_its_units() -> None:
    async with writing() as hub:
        hub.disk.fails = True
        found = await outcomes(*[hub.begin(putting(device(name))) for name in "ab"])
        assert [type(one) for one in found] == [Unavailable, Unavailable]
        assert hub.overlays == []
        hub.disk.fails = False
        assert await outcomes(hub.begin(putting(device("a")))) == [None]


def remembered(life: Life) -> dict[str, object]:
    """All that a fleet remembers, as values."""
    memory = life.fleet._memory  # nothing else shows it whole
    paths = memory.bitmaps[Collection.DEVICES].paths
    indexed = {path: (dict(one.values), one.defined.copy()) for path, one in paths.items()}
    shown = {name: value for name, value in vars(memory).items() if isinstance(value, dict)}
    copied = {name: dict(value) for name, value in shown.items() if name != "bitmaps"}
    members = (list(memory.ids), set(memory.rulebook.rules), memory.pending.dirty, indexed)
    return {**copied, "carried": str(memory.carriers), "rest": members}


@looped
async def test_a_failed_commit_leaves_everything_as_it_was() -> None:
    async with living() as life:
        await life.create("d", "d/m", tags={"ring": "a"})
        await life.configure("one", "tags.ring = 'a'")
        await life.settle()
        await life.found("tags.ring = 'a'")
        before, stored = remembered(life), life.stored()
        life.disk.fails = True
        changes = [
            life.tag("d", ring="b"),
            life.delete("d"),
            life.create("d"),
            life.withdraw("one"),
        ]
        found = await asyncio.gather(*changes, return_exceptions=True)
        assert [type(one) for one in found] == [Unavailable] * 4
        assert (remembered(life), life.stored()) == (before, stored)
        assert [await life.found("tags.ring = 'a'")] == [["d"]]


@looped
async def test_a_store_that_breaks_its_word_ends_the_writer_and_nobody_waits() -> None:
    hub = Written(BrokenStore())
    running = asyncio.ensure_future(hub.writer.run())
    first = hub.begin(putting(device("a")))
    await asyncio.sleep(0)
    with pytest.raises(Unavailable, match="may have been written"):
        await first
    with pytest.raises(RuntimeError):
        await running
    with pytest.raises(Unavailable, match="the hub stops"):
        await hub.begin(deleting("a"))


@looped
async def test_who_is_in_the_queue_when_the_writer_ends_is_refused() -> None:
    async with writing() as hub:
        hub.disk.hold()
        first = hub.begin(configuring(configuration("one")))
        for _ in range(3):
            await asyncio.sleep(0)
        later = hub.begin(putting(device("a")))
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_soon(hub.disk.release)
    assert [type(one) for one in await outcomes(first, later)] == [type(None), Unavailable]


@looped
async def test_what_has_been_taken_is_finished_before_the_writer_ends() -> None:
    async with writing() as hub:
        hub.disk.hold()
        change = hub.begin(putting(device("a"), presence={TwinKey("a"): None}))
        for _ in range(3):
            await asyncio.sleep(0)
        asyncio.get_running_loop().call_soon(hub.disk.release)
    assert change.done()
    assert list(hub.memory.ids) == ["a"]


@looped
async def test_a_commit_is_counted_with_its_units_and_what_they_waited_for() -> None:
    async with writing() as hub:
        hub.disk.hold()
        first = hub.begin(putting(device("a")))
        await asyncio.sleep(0.0)
        await asyncio.sleep(0.0)
        others = [hub.begin(putting(device(name))) for name in "bc"]
        await asyncio.sleep(0.0)
        assert hub.writer.depth == 2
        hub.clock.advance(3.0)
        hub.disk.release()
        await outcomes(first, *others)
    figures = hub.writer.figures
    assert (figures.sizes.count, figures.sizes.total, hub.writer.depth) == (2, 3.0, 0)
    assert (figures.waits.total, figures.durations.total, figures.failed) == (3.0, 3.0, 0)


@looped
async def test_a_commit_that_the_store_refuses_is_counted_as_failed() -> None:
    async with writing() as hub:
        hub.disk.fails = True
        await outcomes(hub.begin(putting(device("a"))))
    assert (hub.writer.figures.failed, hub.writer.figures.sizes.count) == (1, 1)
