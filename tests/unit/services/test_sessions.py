"""Who is connected: one connection an identity, what outlives it, and what it is told."""

import asyncio
from typing import Any

import pytest

from affinage.domain.device import Presence
from affinage.domain.errors import Forbidden, NotFound, Unauthorized, Unavailable
from affinage.domain.twin import DesiredChanged
from affinage.domain.values import JsonObject
from affinage.ports.store import Table
from affinage.services.sessions import FLUSH_S, Filters
from fakes.life import OWNER, Door, Life, itself, key_of, living
from fakes.looped import looped

DESIRED = {"$iothub/twin/PATCH/properties/desired/#": 0}
RESULTS = {"$iothub/twin/res/#": 1}


async def attach(
    life: Life, name: str = "d", door: Door | None = None, *, clean: bool = False
) -> tuple[Door, Filters | None]:
    door = door or Door(heard_at=life.clock.monotonic())
    key = key_of(name)
    return door, await life.sessions.attach(key, door, clean=clean, by=itself(name))


async def connect(life: Life, name: str = "d") -> Door:
    return (await attach(life, name))[0]


async def detach(life: Life, door: Door, name: str = "d") -> None:
    await life.sessions.detach(key_of(name), door, by=itself(name))


def presence(life: Life, name: str = "d") -> Presence:
    return life.fleet.presence(key_of(name))


async def disable(life: Life, name: str = "d") -> None:
    body: JsonObject = {"status": "disabled"}
    await life.registry.put(key_of(name), body, if_match="*", by=OWNER)


async def flush(life: Life) -> None:
    life.clock.advance(FLUSH_S)
    await life.turn(20)


@looped
async def test_who_attaches_is_connected_until_it_detaches() -> None:
    """PRESENCE-1, PRESENCE-2"""
    async with living() as life:
        await life.create("d")
        door = await connect(life)
        at = presence(life).changed_at
        assert (presence(life).connected, life.sessions.count) == (True, 1)
        life.clock.advance(5)
        await detach(life, door)
        assert presence(life) == Presence(
            connected=False, changed_at=(at or 0) + 5000, active_at=at
        )
        assert (life.sessions.count, door.closed) == (0, [])


@looped
async def test_nobody_attaches_as_another() -> None:
    """ACCESS-6"""
    async with living() as life:
        await life.create("d", "d/m")
        for name, other in ("d/m", "d"), ("d", "d/m"):
            with pytest.raises(Forbidden):
                await life.sessions.attach(key_of(name), Door(), clean=True, by=itself(other))
        assert life.sessions.count == 0


@looped
async def test_a_newer_connection_closes_the_older_and_outlives_its_end() -> None:
    """MQTT-18, PRESENCE-2"""
    async with living() as life:
        await life.create("d")
        older = await connect(life)
        newer = await connect(life)
        assert (len(older.closed), newer.closed) == (1, [])
        await detach(life, older)
        assert (presence(life).connected, life.sessions.count) == (True, 1)
        await life.desire("d", x=1)
        assert ([event.patch for event in newer.told], older.told) == ([{"x": 1}], [])


@looped
async def test_a_change_of_desired_is_told_to_its_twin_alone() -> None:
    async with living() as life:
        await life.create("d", "d/m", "e")
        doors = {name: await connect(life, name) for name in ("d", "d/m", "e")}
        await life.desire("d/m", x=1)
        await life.tag("d", ring="a")
        assert {name: len(door.told) for name, door in doors.items()} == {"d": 0, "d/m": 1, "e": 0}


class BrokenDoor(Door):
    """Raises where it promised not to."""

    def desired_changed(self, change: DesiredChanged) -> None:
        raise RuntimeError("the transport is closed")


@looped
async def test_a_connection_that_cannot_be_told_costs_the_others_nothing() -> None:
    async with living() as life:
        await life.create("d", "e")
        broken, door = BrokenDoor(), Door()
        await attach(life, "d", broken)
        await attach(life, "e", door)
        await asyncio.gather(life.desire("d", x=1), life.desire("e", x=1))
        assert (broken.closed, len(door.told)) == (["it could not be told what changed"], 1)


@looped
async def test_nothing_is_told_of_a_change_that_was_not_committed() -> None:
    async with living() as life:
        await life.create("d")
        door = await connect(life)
        life.disk.fails = True
        with pytest.raises(Unavailable):
            await life.desire("d", x=1)
        assert door.told == []


@looped
async def test_subscriptions_outlive_the_connection_and_the_process() -> None:
    """MQTT-35"""
    async with living() as life:
        await life.create("d")
        door, filters = await attach(life)
        assert filters is None
        await life.sessions.subscribe(key_of("d"), DESIRED, by=itself("d"))
        await life.sessions.subscribe(key_of("d"), RESULTS, by=itself("d"))
        await detach(life, door)
        assert (await attach(life))[1] == {**DESIRED, **RESULTS}
    async with living(life) as again:
        assert (await attach(again))[1] == {**DESIRED, **RESULTS}


@looped
async def test_what_is_subscribed_to_already_costs_no_commit() -> None:
    """As each client does that subscribes whenever it comes in: 10,000 at once after a restart."""
    async with living() as life:
        await life.create("d")
        by = itself("d")
        await life.sessions.subscribe(key_of("d"), {**DESIRED, **RESULTS}, by=by)
        commits = life.disk.commits
        await life.sessions.subscribe(key_of("d"), RESULTS, by=by)
        assert life.disk.commits == commits


@looped
async def test_what_is_unsubscribed_is_forgotten() -> None:
    async with living() as life:
        await life.create("d")
        by = itself("d")
        await life.sessions.subscribe(key_of("d"), {**DESIRED, **RESULTS}, by=by)
        await life.sessions.unsubscribe(key_of("d"), [*DESIRED, "never"], by=by)
        assert (await attach(life))[1] == RESULTS


@looped
async def test_what_is_not_subscribed_to_is_unsubscribed_without_a_commit() -> None:
    """However much of it: a device could write for each packet that it sends."""
    async with living() as life:
        await life.create("d")
        by = itself("d")
        commits = life.disk.commits
        await life.sessions.unsubscribe(key_of("d"), map(str, range(80_000)), by=by)
        assert life.disk.commits == commits
        assert (await attach(life))[1] is None


@looped
async def test_a_clean_connection_forgets_the_stored_filters() -> None:
    async with living() as life:
        await life.create("d")
        await life.sessions.subscribe(key_of("d"), DESIRED, by=itself("d"))
        assert (await attach(life, clean=True))[1] is None
        assert (await attach(life))[1] is None
        assert life.keys(Table.SUBSCRIPTIONS) == []


@looped
async def test_two_clean_connections_at_once_are_no_trouble() -> None:
    """The second found nothing to forget, and failed."""
    async with living() as life:
        await life.create("d")
        await life.sessions.subscribe(key_of("d"), DESIRED, by=itself("d"))
        both = await asyncio.gather(attach(life, clean=True), attach(life, clean=True))
        assert [filters for _, filters in both] == [None, None]
        assert (len(both[0][0].closed), both[1][0].closed) == (1, [])


@looped
async def test_filters_are_forgotten_in_the_order_of_commits() -> None:
    """A subscription under way came back after a newer, clean connection had forgotten all."""
    async with living() as life:
        await life.create("d")
        late = asyncio.ensure_future(life.sessions.subscribe(key_of("d"), DESIRED, by=itself("d")))
        await asyncio.sleep(0)
        await attach(life, clean=True)
        await late
        assert (await attach(life))[1] is None
        assert life.keys(Table.SUBSCRIPTIONS) == []


@looped
async def test_filters_that_could_not_be_stored_are_not_granted() -> None:
    async with living() as life:
        await life.create("d")
        life.disk.fails = True
        with pytest.raises(Unavailable):
            await life.sessions.subscribe(key_of("d"), DESIRED, by=itself("d"))
        life.disk.fails = False
        assert (await attach(life))[1] is None


@looped
async def test_a_deleted_identity_is_cut_off_with_all_that_was_known_of_it() -> None:
    """IDENTITY-19"""
    async with living() as life:
        await life.create("d", "d/m")
        doors = [await connect(life, name) for name in ("d", "d/m")]
        await life.sessions.subscribe(key_of("d/m"), DESIRED, by=itself("d/m"))
        await life.delete("d/m")
        assert [len(door.closed) for door in doors] == [0, 1]
        await life.delete("d")
        await detach(life, doors[0])
        assert [door.closed for door in doors] == [["the identity was deleted"]] * 2
        assert (life.sessions.count, life.fleet.connected_count) == (0, 0)
        assert life.keys(Table.PRESENCE) + life.keys(Table.SUBSCRIPTIONS) == []


@pytest.mark.parametrize("name", ["d", "d/m"])
@looped
async def test_an_identity_made_again_in_one_commit_is_another_one(name: str) -> None:
    """Its old connection, proven with keys that are gone, went on."""
    async with living() as life:
        await life.create("d", "d/m")
        door = await connect(life, name)
        deleted = asyncio.ensure_future(life.delete(name))
        await asyncio.sleep(0)
        await life.create(name)
        await deleted
        assert (len(door.closed), life.sessions.count) == (1, 0)
        assert not presence(life, name).connected


@looped
async def test_a_disabled_device_is_cut_off_with_its_modules_and_is_disconnected() -> None:
    """ACCESS-3. It was shown as connected for ever."""
    async with living() as life:
        await life.create("d", "d/m")
        doors = {name: await connect(life, name) for name in ("d", "d/m")}
        await disable(life)
        assert [door.closed for door in doors.values()] == [["the device was disabled"]] * 2
        for name, door in doors.items():
            await detach(life, door, name)
        assert life.fleet.connected_count == 0


@looped
async def test_whoever_may_still_be_connected_stays_so() -> None:
    async with living() as life:
        await life.create("d", "d/m")
        doors = [await connect(life, name) for name in ("d", "d/m")]
        await life.registry.put(key_of("d"), {"statusReason": "checked"}, if_match="*", by=OWNER)
        await life.create("d/n")
        assert [door.closed for door in doors] == [[], []]


async def refused(life: Life, gone: Any) -> None:
    """Attach while something that ends the identity is on its way to the store."""
    going = asyncio.ensure_future(gone)
    await asyncio.sleep(0)
    with pytest.raises(Unauthorized):
        await connect(life)
    await going
    assert (life.sessions.count, life.fleet.connected_count) == (0, 0)


@looped
async def test_who_is_deleted_or_disabled_while_it_connects_is_refused() -> None:
    async with living() as life:
        await life.create("d")
        await refused(life, disable(life))
        await refused(life, life.delete("d"))
        assert life.keys(Table.PRESENCE) == []
        with pytest.raises(NotFound):
            await life.sessions.subscribe(key_of("d"), DESIRED, by=itself("d"))
        assert life.keys(Table.SUBSCRIPTIONS) == []


@looped
async def test_a_connection_that_could_not_be_written_down_is_none() -> None:
    async with living() as life:
        await life.create("d")
        older = await connect(life)
        life.disk.fails = True
        with pytest.raises(Unavailable):
            await connect(life)
        assert (len(older.closed), life.sessions.count) == (1, 0)
        life.disk.fails = False
        await flush(life)
        assert not presence(life).connected


@looped
async def test_an_end_that_could_not_be_written_down_is_written_later() -> None:
    async with living() as life:
        await life.create("d")
        door = await connect(life)
        life.disk.fails = True
        with pytest.raises(Unavailable):
            await detach(life, door)
        await flush(life)
        assert presence(life).connected
        life.disk.fails = False
        await flush(life)
        assert not presence(life).connected


@looped
async def test_who_came_back_is_not_written_down_as_gone() -> None:
    async with living() as life:
        await life.create("d")
        door = await connect(life)
        life.disk.fails = True
        with pytest.raises(Unavailable):
            await detach(life, door)
        life.disk.fails = False
        await connect(life)
        await flush(life)
        assert presence(life).connected


@looped
async def test_a_caller_that_is_cancelled_while_it_attaches_is_not_connected() -> None:
    async with living() as life:
        await life.create("d")
        attaching = asyncio.ensure_future(attach(life))
        await asyncio.sleep(0)
        attaching.cancel()
        await life.turn()
        assert life.sessions.count == 0
        await flush(life)
        assert not presence(life).connected


@looped
async def test_when_the_hub_starts_nobody_is_connected() -> None:
    """PRESENCE-4"""
    async with living() as life:
        await life.create("d")
        await connect(life)
        at = presence(life).active_at
        life.clock.advance(60)
    async with living(life) as again:
        assert presence(again) == Presence(False, (at or 0) + 60_000, at)


@looped
async def test_all_are_closed_when_the_hub_stops() -> None:
    async with living() as life:
        await life.create("d", "e")
        doors = [await connect(life, name) for name in "de"]
        life.sessions.close_all("the hub stops")
        assert [door.closed for door in doors] == [["the hub stops"]] * 2
