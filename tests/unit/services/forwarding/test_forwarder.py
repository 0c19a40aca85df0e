"""One target: told in order, at least once, from where it had got to."""

import pytest
import structlog

from affinage.domain.errors import Throttled, Unavailable
from affinage.domain.forwarding import Target
from affinage.ports.events import Kept, Window
from affinage.services.checks.finding import Progress, Severity
from affinage.services.forwarding import forwarder
from affinage.services.forwarding.forwarder import IDLE_S, Reached
from fakes.forwarded import URL, forwarded
from fakes.looped import looped

AWAY = Unavailable("historian cannot be reached")


@looped
async def test_what_comes_is_told_in_its_order_as_the_feed_shows_it() -> None:
    """FORWARD-1, FORWARD-5"""
    async with forwarded() as one:
        await one.send("1", "2")
        await one.turn()
        await one.send("3")
        await one.turn()
        assert one.bodies() == ["1", "2", "3"]
        assert one.sinks["historian"].told == (await one.feed.page(kind="telemetry")).events


@looped
async def test_a_target_is_told_the_kinds_that_it_wants() -> None:
    """FORWARD-1"""
    some = [Target("one", URL, kinds=("device",)), Target("two", URL, kinds=("twin", "device"))]
    async with forwarded(*some) as one:
        await one.life.create("d")
        await one.life.desire("d", fan=3)
        await one.send("1")
        await one.turn()
        await one.turn()
        assert (one.bodies("one"), one.bodies("two")) == (["created"], ["created", "desired"])


@looped
async def test_what_came_before_a_target_had_its_name_is_not_told() -> None:
    """FORWARD-5"""
    async with forwarded() as one:
        await one.send("1")
        await one.turn()
        other = Target("other", URL)
        async with forwarded(other, before=one.feed) as again:
            await again.send("2")
            await again.turn()
            assert again.bodies("other") == ["2"]


@looped
async def test_a_target_goes_on_where_it_was_after_a_restart() -> None:
    """FORWARD-2"""
    async with forwarded() as one:
        await one.send("1")
        await one.turn()
    async with forwarded(before=one.feed, sinks=one.sinks) as again:
        await again.send("2")
        await again.turn()
        assert again.bodies() == ["1", "started", "2"]


@looped
async def test_a_feed_that_cannot_be_read_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def torn(_: Window) -> list[Kept]:
        raise Unavailable("events cannot be read: disk I/O error")

    async with forwarded() as one:
        with monkeypatch.context() as patch:
            patch.setattr(one.feed.store, "read", torn)
            await one.send("1")
            await one.turn()
            [finding] = await one.all.check(Progress())
            assert finding.what.endswith(": events cannot be read: disk I/O error")
        await one.turn(1.0)
        assert one.bodies() == ["1"]
        [finding] = await one.all.check(Progress())
        assert finding.severity is Severity.OK


@looped
async def test_what_a_target_had_not_taken_when_the_hub_stopped_is_told_by_the_next() -> None:
    """FORWARD-2"""
    async with forwarded() as one:
        await one.send("1")
        await one.turn()
        one.sinks["historian"].failures = [AWAY] * 9
        await one.send("2")
        await one.turn()
    one.sinks["historian"].failures.clear()
    async with forwarded(before=one.feed, sinks=one.sinks) as again:
        await again.turn()
        assert again.bodies() == ["1", "2", "started"]


@looped
async def test_what_it_had_while_its_place_could_not_be_kept_is_told_again() -> None:
    """FORWARD-2"""
    async with forwarded() as one:
        one.life.disk.fails = True
        await one.send("1")
        await one.turn()
        assert one.bodies() == ["1"]
    one.life.disk.fails = False
    async with forwarded(before=one.feed, sinks=one.sinks) as again:
        await again.turn()
        assert again.bodies() == ["1", "1", "started"]
        offsets = [event["offset"] for event in again.sinks["historian"].told]
        assert offsets[0] == offsets[1]


@looped
async def test_a_target_that_fails_is_tried_again_ever_later_and_misses_nothing() -> None:
    """FORWARD-4"""
    async with forwarded() as one:
        one.sinks["historian"].failures += [AWAY, RuntimeError("a fault")]
        await one.send("1")
        await one.turn()
        await one.turn(0.9)
        await one.send("2")
        await one.turn(0.1)
        await one.turn(1.9)
        assert not one.bodies()
        await one.turn(0.1)
        await one.turn()
        assert one.bodies() == ["1", "2"]


@looped
async def test_a_target_is_left_alone_as_long_as_it_wishes() -> None:
    """FORWARD-4"""
    async with forwarded() as one:
        one.sinks["historian"].failures.append(Throttled("busy", retry_after_s=10))
        await one.send("1")
        await one.turn()
        await one.turn(9.9)
        assert not one.bodies()
        await one.turn(0.1)
        assert one.bodies() == ["1"]


@looped
async def test_what_is_too_much_at_once_is_told_in_halves_and_one_alone_is_passed_over() -> None:
    """FORWARD-7"""
    async with forwarded() as one:
        sink = one.sinks["historian"]
        sink.most = 2
        await one.send("1", "2", "3", "4", "5")
        await one.turn()
        assert (one.bodies(), sink.sizes) == (["1", "2", "3", "4", "5"], [2, 1, 2])
        sink.most = 0
        await one.send("6")
        await one.turn()
        sink.most = 1
        await one.send("7", "8")
        await one.turn()
        assert one.bodies()[5:] == ["7", "8"]


@looped
async def test_a_feed_that_began_anew_is_told_from_its_beginning() -> None:
    async with forwarded() as one:
        await one.send("1")
        await one.turn()
    one.feed.store.__init__()  # type: ignore[misc]  # as if its file had been lost
    async with forwarded(before=one.feed) as again:
        await again.send("2")
        await again.turn()
        assert again.bodies() == ["started", "2"]


@looped
async def test_a_place_far_behind_what_is_not_wanted_is_kept_now_and_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(forwarder, "PLACES", 3)
    async with forwarded(Target("historian", URL, kinds=("device",))) as one:
        await one.send("1", "2")
        await one.turn()
        before = one.life.disk.commits
        await one.send("3")
        await one.turn()
        assert one.life.disk.commits == before + 1
        assert not one.bodies()


@looped
async def test_it_is_looked_for_events_though_nobody_says_that_there_are_any() -> None:
    async with forwarded() as one:
        await one.turn(IDLE_S)
        assert not one.bodies()


@looped
async def test_no_secret_is_told_in_the_log() -> None:
    """FORWARD-12"""
    target = Target("historian", "https://historian.test/?sig=secret")
    with structlog.testing.capture_logs() as logged:
        async with forwarded(target) as one:
            one.sinks["historian"].failures += [AWAY, RuntimeError(target.url)]
            await one.send("1")
            await one.turn()
            await one.turn(1)
    assert [line["event"] for line in logged][-2:] == ["not forwarded", "forwarding failed"]
    assert "secret" not in str([{**line, "exc_info": None} for line in logged])
    assert Reached(7).offset == 7
