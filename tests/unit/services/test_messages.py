"""services/messages.py: sent, kept, delivered in order, done once; and what becomes of them."""

import asyncio

import pytest

from affinage.domain.audit import Entry
from affinage.domain.errors import (
    AffinageError,
    DeviceNotFound,
    Forbidden,
    ModuleNotFound,
    Throttled,
    TooManyMessages,
    Unavailable,
)
from affinage.domain.messages import MAX_DELIVERIES, MAX_MESSAGES
from affinage.domain.names import TwinKey
from affinage.domain.principal import Right
from affinage.ports.store import Table
from affinage.services.fleet import codec
from affinage.services.limits import Operation, Rate
from affinage.services.sessions import FLUSH_S
from fakes.life import OWNER, Door, Life, itself, key_of, living, policy
from fakes.looped import looped
from fakes.messaging import bodies, complete, connected, send, tended, told, waiting

NOBODY = policy(Right.REGISTRY_READ)


@looped
async def test_what_is_sent_waits_and_is_delivered_in_order_when_the_device_comes() -> None:
    """MESSAGE-5, MESSAGE-8"""
    async with living() as life:
        await life.create("d", "d/m")
        await send(life, "a", "b")
        await send(life, "c", name="d/m")
        assert (waiting(life), waiting(life, "d/m")) == (2, 1)
        assert life.fleet.row(key_of("d")).document()["cloudToDeviceMessageCount"] == 2
        door, module = await connected(life), await connected(life, "d/m")
        assert (bodies(door), bodies(module)) == (["a", "b"], ["c"])
        await complete(life, 1, 2)
        assert (waiting(life), waiting(life, "d/m")) == (0, 1)


@looped
async def test_what_is_sent_to_who_is_there_is_delivered_at_once() -> None:
    async with living() as life:
        await life.create("d")
        door = await connected(life)
        await send(life, "a")
        assert bodies(door) == ["a"]
        assert door.delivered[0].to == "/devices/d/messages/deviceBound"


@pytest.mark.parametrize(("name", "kind"), [("e", DeviceNotFound), ("d/m", ModuleNotFound)])
@looped
async def test_nothing_waits_for_who_does_not_exist(name: str, kind: type[AffinageError]) -> None:
    async with living() as life:
        await life.create("d")
        with pytest.raises(kind):
            await send(life, "a", name=name)
        with pytest.raises(kind):
            await life.messages.purge(key_of(name), by=OWNER)


@looped
async def test_only_who_may_reach_devices_may_send_or_purge() -> None:
    async with living() as life:
        await life.create("d")
        with pytest.raises(Forbidden):
            await life.messages.send(key_of("d"), {"body": ""}, by=NOBODY)
        with pytest.raises(Forbidden):
            await life.messages.purge(key_of("d"), by=NOBODY)
        with pytest.raises(Forbidden):
            life.messages.complete(key_of("d"), 1, by=itself("e"))


@looped
async def test_who_sends_and_purges_is_in_the_audit_log_and_who_takes_is_not() -> None:
    """AUDIT-1, AUDIT-2"""
    async with living() as life:
        await life.create("d")
        await connected(life)
        await send(life, "a")
        await complete(life, 1)
        await send(life, "b")
        await life.messages.purge(key_of("d"), by=OWNER)
        await life.messages.purge(key_of("d"), by=OWNER)
        entries = [codec.decode(body, Entry) for _, body in life.store.read(Table.AUDIT)]
        done = [(one.action, one.subject, one.name) for one in entries if "message" in one.action]
        assert done == [
            ("message.send", "d", "iothubowner"),
            ("message.send", "d", "iothubowner"),
            ("message.purge", "d", "iothubowner"),
        ]


@looped
async def test_messages_are_throttled() -> None:
    """THROTTLE-1"""
    async with living(life=Life(throttle={Operation.MESSAGE: Rate(1, 60)})) as life:
        await life.create("d")
        await send(life, "a")
        with pytest.raises(Throttled):
            await send(life, "b")
        assert waiting(life) == 1


@looped
async def test_a_full_queue_refuses_and_keeps_what_it_has() -> None:
    """MESSAGE-4"""
    async with living() as life:
        await life.create("d")
        await send(life, *map(str, range(MAX_MESSAGES)))
        with pytest.raises(TooManyMessages, match="50 of 50"):
            await send(life, "more")
        assert waiting(life) == MAX_MESSAGES


@looped
async def test_all_that_waits_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """MESSAGE-25"""
    monkeypatch.setattr("affinage.services.messages.MAX_KEPT", 10)
    async with living() as life:
        await life.create("d", "e", "f")
        await send(life, "12345678")
        with pytest.raises(TooManyMessages, match="would take 11 of 10 bytes"):
            await send(life, "123", name="e")
        await send(life, "12", name="e")
        await life.delete("d")
        await send(life, "12345678", name="f")
    async with living(life) as again:
        with pytest.raises(TooManyMessages):
            await send(again, "1", name="e")


@looped
async def test_queries_ask_how_many_wait() -> None:
    """MESSAGE-8"""
    async with living() as life:
        await life.create("d", "e")
        some, two = "cloudToDeviceMessageCount > 0", "cloudToDeviceMessageCount = 2"
        assert (await life.found(some), await life.found(two)) == ([], [])
        await life.turn(30)
        await send(life, "a", "b", name="e")
        assert (await life.found(some), await life.found(two)) == (["e"], ["e"])
        await life.messages.purge(key_of("e"), by=OWNER)
        assert (await life.found(some), await life.found("NOT " + some)) == ([], ["d", "e"])


@looped
async def test_who_comes_and_goes_changes_nothing_of_what_waits() -> None:
    """MESSAGE-8"""
    async with living() as life:
        await life.create("d")
        await send(life, "a")
        door = await connected(life, quality=None)
        assert waiting(life) == 1
        door.heard_at = life.clock.monotonic() + FLUSH_S
        life.clock.advance(FLUSH_S)
        await life.turn(20)
        assert waiting(life) == 1
        await life.sessions.detach(key_of("d"), door, by=itself("d"))
        assert waiting(life) == 1


@looped
async def test_two_that_send_at_once_share_a_commit_and_both_are_kept() -> None:
    """MESSAGE-5, MESSAGE-6"""
    async with living() as life:
        await life.create("d")
        life.disk.hold()
        sent = [life.messages.send(key_of("d"), {"body": body}, by=OWNER) for body in "abc"]
        tasks = [asyncio.ensure_future(one) for one in sent]
        await life.turn()
        assert waiting(life) == 0
        life.disk.release()
        assert [(await task).number for task in tasks] == [1, 2, 3]
        assert bodies(await connected(life)) == ["a", "b", "c"]


@looped
async def test_what_could_not_be_committed_does_not_wait() -> None:
    """MESSAGE-6"""
    async with living() as life:
        await life.create("d")
        life.disk.fails = True
        with pytest.raises(Unavailable):
            await send(life, "a")
        life.disk.fails = False
        await send(life, "b")
        assert bodies(await connected(life)) == ["b"]


@looped
async def test_a_message_that_is_never_completed_is_given_up() -> None:
    """MESSAGE-12, MESSAGE-20"""
    async with living() as life:
        await life.create("d")
        await send(life, "a", messageId="a", ack="negative")
        for _ in range(MAX_DELIVERIES):
            assert len((await connected(life)).delivered) == 1
        assert not (await connected(life)).delivered
        assert await told(life) == [("a", "DeliveryCountExceeded")]
        assert waiting(life) == 0


@looped
async def test_what_has_expired_leaves_and_its_sender_is_told() -> None:
    """MESSAGE-2, MESSAGE-13, MESSAGE-24"""
    async with living() as life:
        await life.create("d")
        await send(life, "a", messageId="a", ack="full", ttlSeconds=60)
        await send(life, "b", messageId="b", ack="full", ttlSeconds=120)
        await tended(life, 60)
        assert (waiting(life), await told(life)) == (1, [("a", "Expired")])
        await tended(life, 59)
        assert bodies(await connected(life)) == ["b"]
        await tended(life, 60)
        await complete(life, 2)
        assert await told(life) == [("b", "Success")]


@looped
async def test_what_could_not_be_delivered_or_let_go_is_tried_again() -> None:
    async with living() as life:
        await life.create("d", "e")
        await send(life, "a", ttlSeconds=60)
        await send(life, "b", name="e")
        door = Door(quality=1)
        await life.sessions.attach(key_of("e"), door, clean=False, by=itself("e"))
        life.disk.fails = True
        life.sessions.ready(key_of("e"), by=itself("e"))
        await tended(life, 60)
        assert (bodies(door), waiting(life)) == ([], 1)
        life.disk.fails = False
        await tended(life)
        assert (bodies(door), waiting(life)) == (["b"], 0)


@looped
async def test_nobody_is_looked_for_again_and_again_who_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A task each, every ten seconds, would be noticed where many thousands are away."""
    asked: list[TwinKey] = []
    async with living() as life:
        await life.create("d", "e")
        await send(life, "a")
        await send(life, "b", name="e")
        await connected(life, "e")
        monkeypatch.setattr(life.messages, "came", asked.append)
        await tended(life)
        assert asked == [key_of("e")]


@looped
async def test_a_purge_lets_all_go_and_a_late_completion_touches_nothing() -> None:
    """MESSAGE-14"""
    async with living() as life:
        await life.create("d")
        await connected(life)
        await send(life, "a", "b")
        assert await life.messages.purge(key_of("d"), by=OWNER) == 2
        assert await life.messages.purge(key_of("d"), by=OWNER) == 0
        await tended(life)
        await send(life, "c")
        await complete(life, 1)
        assert waiting(life) == 1


@looped
async def test_what_waits_goes_with_its_identity() -> None:
    """MESSAGE-9"""
    async with living() as life:
        await life.create("d", "d/m")
        await send(life, "a")
        await send(life, "b", name="d/m")
        await life.delete("d")
        assert life.keys(Table.MESSAGES) == []
        await life.create("d", "d/m")
        assert (waiting(life), bodies(await connected(life))) == (0, [])
        await send(life, "c")
        assert waiting(life) == 1


@looped
async def test_messages_are_counted_by_what_becomes_of_them() -> None:
    """METRICS-4"""
    async with living() as life:
        await life.create("d")
        await connected(life)
        await send(life, "abc", "de", "f", ack="full")
        await complete(life, 1)
        await life.messages.purge(key_of("d"), by=OWNER)
        await send(life, "xyz")
        told = {family.name: family.samples for family in life.messages.families()}
    numbers = {name: samples[0].value for name, samples in told.items() if len(samples) == 1}
    assert numbers == {
        "affinage_messages_waiting": 1,
        "affinage_messages_waiting_bytes": 3,
        "affinage_messages_sent_total": 4,
        "affinage_message_feedback": 3,
    }
    fates = {sample.labels[0]: sample.value for sample in told["affinage_messages_left_total"]}
    assert fates == {"success": 1, "expired": 0, "deliveries": 0, "rejected": 0, "purged": 2}
