"""services/events.py: what is told, and how it is read."""

import asyncio
from typing import Any

import pytest

from affinage.domain.errors import Forbidden, Invalid, Throttled
from affinage.domain.principal import Right, Voucher
from affinage.services import events as feed
from affinage.services.events import LATEST
from affinage.services.limits import Limits, Operation, Rate
from affinage.services.told import Detail
from fakes.clock import FixedClock
from fakes.feeding import fed
from fakes.life import OWNER, Door, itself, key_of, policy
from fakes.looped import looped


@looped
async def test_a_start_is_told_and_a_message_once_it_is_durable() -> None:
    """EVENT-1, EVENT-8, EVENT-9"""
    async with fed() as one:
        await one.life.create("d")
        one.disk.hold()
        kept = one.send(a="b")
        await one.life.turn()
        assert not kept.done()
        one.disk.release()
        await kept
        first, *_, last = (await one.page()).events
        assert (first["kind"], first["change"]) == ("hub", "started")
        assert (last["body"], last["properties"]) == ("hot", {"a": "b"})


@looped
async def test_messages_keep_their_order_and_share_a_transaction() -> None:
    """EVENT-8"""
    async with fed() as one:
        await one.page()
        before = one.disk.commits
        await asyncio.gather(*(one.send(payload=b"%d" % number) for number in range(50)))
        assert one.disk.commits - before <= 2
        found = await one.page(kind="telemetry")
        assert [event["body"] for event in found.events] == [str(n) for n in range(50)]


@looped
async def test_the_hub_says_who_sent_it() -> None:
    """EVENT-3"""
    async with fed() as one:
        await one.life.create("d", "d/m")
        for name in ("d", "d/m", "d"):
            await one.send(name)
        own, modules, again = (await one.page(kind="telemetry")).events
        system = own["systemProperties"]
        assert system["iothub-connection-device-id"] == "d"
        assert '"scope":"device","type":"sas"' in system["iothub-connection-auth-method"]
        assert len(system["iothub-connection-auth-generation-id"]) == 18
        assert system["iothub-enqueuedtime"] == "2025-01-01T00:00:00Z"
        assert modules["systemProperties"]["iothub-connection-module-id"] == "m"
        assert again["systemProperties"] == system


@looped
async def test_it_says_how_the_sender_was_proven(monkeypatch: pytest.MonkeyPatch) -> None:
    """EVENT-3"""
    monkeypatch.setattr(feed, "MAX_STAMPS", 1)
    async with fed() as one:
        body: Any = {"authentication": {"x509Thumbprint": {"primaryThumbprint": "0" * 40}}}
        await one.life.registry.create(key_of("x"), body, by=OWNER)
        vouched = itself("v")
        object.__setattr__(vouched, "voucher", Voucher("device", b""))
        await one.life.create("v")
        await one.send("x")
        await one.events.send(key_of("v"), {}, b"", by=vouched)
        found = (await one.page(kind="telemetry")).events
        how = [event["systemProperties"]["iothub-connection-auth-method"] for event in found]
        assert '"type":"x509","issuer":"external"' in how[0]
        assert '"scope":"hub","type":"sas"' in how[1]


@looped
async def test_what_happens_to_identities_twins_and_connections_is_told() -> None:
    """EVENT-10, EVENT-11, EVENT-12"""
    async with fed() as one:
        life, door = one.life, Door()
        await life.create("d", "d/m")
        await life.tag("d", a=1)
        await life.desire("d", fan=3)
        await life.sessions.attach(key_of("d"), door, clean=True, by=itself("d"))
        await life.report("d", n=1)
        await life.sessions.detach(key_of("d"), door, by=itself("d"))
        await life.registry.put(key_of("d"), {"status": "disabled"}, if_match="*", by=OWNER)
        await life.delete("d")
        assert await one.told() == [
            ("device", "d", "created"),
            ("device", "d", "created"),
            ("twin", "d", "tags"),
            ("twin", "d", "desired"),
            ("connection", "d", "connected"),
            ("connection", "d", "disconnected"),
            ("device", "d", "updated"),
            ("device", "d", "deleted"),
        ]
        desired = (await one.page(4, limit=1)).events[0]
        assert (desired["patch"], desired["version"]) == ({"fan": 3}, 2)
        assert desired["by"] == {"kind": "policy", "name": "iothubowner"}


@looped
async def test_what_a_configuration_writes_the_hub_has_done() -> None:
    """EVENT-10"""
    async with fed() as one:
        await one.life.create("d", tags={"a": 1})
        await one.life.configure("c", "tags.a = 1")
        await one.life.settle()
        (event,) = (await one.page(kind="twin")).events
        assert (event["patch"], event["by"]["kind"]) == ({"who": "c"}, "hub")


@pytest.mark.parametrize(
    ("detail", "kinds"),
    [(Detail.ALL, ["device", "twin"]), (Detail.CHANGES, ["device"]), (Detail.OFF, [])],
)
@looped
async def test_so_much_is_told_as_is_asked_for(detail: Detail, kinds: list[str]) -> None:
    """EVENT-13"""
    async with fed(detail=detail) as one:
        await one.life.create("d")
        await one.life.report("d", n=1)
        assert [kind for kind, *_ in await one.told()] == kinds


@looped
async def test_that_somebody_is_still_active_is_no_event() -> None:
    """EVENT-12"""
    async with fed() as one:
        door = Door()
        await one.life.create("d")
        await one.life.sessions.attach(key_of("d"), door, clean=True, by=itself("d"))
        before = await one.told()
        one.life.clock.advance(30)
        door.heard_at = one.life.clock.monotonic()
        one.life.clock.advance(31)
        await one.life.turn(30)
        assert one.life.fleet.presence(key_of("d")).active_at
        assert await one.told() == before


@looped
async def test_events_are_read_behind_an_offset_and_by_kind_and_device() -> None:
    """EVENT-6"""
    async with fed() as one:
        for name in ("d", "e", "d"):
            await one.send(name)
        page = await one.page(1, device="d", limit=1)
        assert ([event["offset"] for event in page.events], page.next) == ([2], 2)
        page = await one.page(page.next, device="d")
        assert ([event["offset"] for event in page.events], page.next, page.is_last) == (
            [4],
            4,
            True,
        )
        assert (await one.page(LATEST)).next == 4
        assert (await one.page(4)).events == []


@looped
async def test_an_offset_or_a_kind_that_never_was_is_refused() -> None:
    """EVENT-6"""
    async with fed() as one:
        await one.page()
        with pytest.raises(Invalid, match="offset 9 is beyond the newest, 1"):
            await one.page(9)
        with pytest.raises(Invalid, match="'news' is no kind"):
            await one.page(kind="news")


@looped
async def test_a_page_looks_through_so_many_and_says_where_to_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """EVENT-6"""
    monkeypatch.setattr(feed, "MAX_OFFSETS", 2)
    async with fed() as one:
        for name in ("e", "e", "e", "d"):
            await one.send(name)
        pages, after = list[Any](), 0
        for _ in range(3):
            page = await one.page(after, device="d")
            pages, after = [*pages, [event["offset"] for event in page.events]], page.next
        assert (pages, after) == ([[], [], [5]], 5)


@looped
async def test_a_page_of_many_bytes_says_where_it_was_cut() -> None:
    """EVENT-6"""
    async with fed() as one:
        await asyncio.gather(*(one.send(payload=bytes(250_000)) for _ in range(20)))
        offsets, page = list[int](), await one.page()
        assert len(page.events) < 20
        while page.events:
            offsets += [event["offset"] for event in page.events]
            page = await one.page(page.next)
        assert offsets == [*range(1, 22)]


@looped
async def test_who_may_not_connect_as_a_service_reads_nothing() -> None:
    async with fed() as one:
        nobody = policy(Right.REGISTRY_WRITE)
        with pytest.raises(Forbidden):
            await one.events.page(0, limit=1, by=nobody)
        with pytest.raises(Forbidden):
            await one.events.wait(0, 1, by=nobody)


@looped
async def test_who_waits_is_woken_by_an_event_by_the_end_and_by_the_time() -> None:
    """EVENT-7"""
    async with fed() as one:
        await one.page()
        await one.events.wait(0, 60, by=OWNER)
        waiting = asyncio.ensure_future(one.events.wait(1, 60, by=OWNER))
        await one.life.turn()
        assert not waiting.done()
        await one.send()
        await waiting
        await one.events.wait(2, 0.001, by=OWNER)
        waiting = asyncio.ensure_future(one.events.wait(2, 60, by=OWNER))
        await one.life.turn()
        one.events.end()
        await waiting
        await one.events.wait(2, 60, by=OWNER)


@looped
async def test_a_message_takes_a_token_unless_its_sender_has_waited_for_it() -> None:
    """THROTTLE-3, THROTTLE-7"""
    limits = Limits(FixedClock(), {Operation.TELEMETRY: Rate(1, 10)})
    async with fed(limits=limits) as one:
        await one.send()
        with pytest.raises(Throttled):
            one.send()
        with pytest.raises(Forbidden):
            one.events.send(key_of("e"), {}, b"", by=itself("d"))
        with pytest.raises(Forbidden):
            one.events.turn_s(by=policy(Right.SERVICE_CONNECT))
        assert one.events.turn_s(by=itself("d")) == 10
        await one.events.send(key_of("d"), {}, b"", is_due=True, by=itself("d"))
        assert len((await one.page(kind="telemetry")).events) == 2


@looped
async def test_a_will_is_told_as_one() -> None:
    """EVENT-15"""
    async with fed() as one:
        await one.events.send(key_of("d"), {}, b"gone", is_will=True, by=itself("d"))
        (event,) = (await one.page(kind="telemetry")).events
        assert event["properties"] == {"iothub-MessageType": "Will"}
