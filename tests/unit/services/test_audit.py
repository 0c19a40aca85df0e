"""services/audit.py and services/fleet/ledger.py: what gets an entry, and how long it stays."""

import asyncio
from typing import Any

import pytest

from affinage.domain.audit import Entry, fault, fault_at_the_beginning
from affinage.domain.errors import EtagMismatch, Forbidden, Unavailable
from affinage.domain.moments import millis
from affinage.domain.principal import Right
from affinage.domain.twin import TwinPatch
from affinage.ports.store import Row, Table
from affinage.services.audit import DAY_MS, PRUNE_S, Wanted
from affinage.services.fleet import codec
from affinage.services.fleet.ledger import anchor_of
from fakes.life import OWNER, Life, key_of, living, policy
from fakes.looped import looped

ANY = Wanted()


async def entries(life: Life, wanted: Wanted = ANY) -> list[Any]:
    return [*(await life.audit.page(wanted, limit=1000, by=OWNER)).entries]


async def told(life: Life, wanted: Wanted = ANY) -> list[tuple[str, str]]:
    """Action and subject of each, the oldest first."""
    found = reversed(await entries(life, wanted))
    return [(one["action"], one["subject"]) for one in found]


def faults(life: Life) -> list[str]:
    """What is wrong with the log as it is stored."""
    rows = [codec.decode(body, Entry) for _, body in life.store.read(Table.AUDIT)][::-1]
    found = [fault(one, newer) for one, newer in zip(rows, [None, *rows], strict=False)]
    anchor = anchor_of(life.store)
    return [one for one in (*found, fault_at_the_beginning(rows[-1], anchor)) if one]


@looped
async def test_every_change_of_a_back_end_has_an_entry_that_names_what_was_done() -> None:
    """AUDIT-1"""
    async with living() as life:
        await life.create("d", "d/m")
        await life.tag("d", a=1)
        await life.configure("c", "*")
        await life.withdraw("c")
        await life.policies.rotate("service", "primary", if_match=None, by=OWNER)
        await life.delete("d")
        assert await told(life) == [
            ("device.create", "d"),
            ("module.create", "d/m"),
            ("twin.patch", "d"),
            ("configuration.create", "c"),
            ("configuration.delete", "c"),
            ("policy.update", "service"),
            ("device.delete", "d"),
        ]


@looped
async def test_an_entry_says_who_when_and_what_there_was() -> None:
    """AUDIT-1, AUDIT-3"""
    async with living() as life:
        await life.create("d")
        await life.tag("d", a=1)
        second, first = await entries(life)
        assert (first["before"], second["before"]) == (None, first["after"])
        assert second["actor"]["name"] == "iothubowner"
        assert second["at"] == "2025-01-01T00:00:00Z"
        assert await life.audit.get(2, by=OWNER) == second
        assert await life.audit.get(3, by=OWNER) is None


@looped
async def test_what_devices_report_and_the_hub_reconciles_is_not_in_the_log() -> None:
    """AUDIT-2"""
    async with living() as life:
        await life.configure("c", "tags.a = 1")
        await life.create("d", tags={"a": 1})
        before = await entries(life)
        await life.report("d", n=1)
        await life.settle()
        assert (await entries(life), life.desired("d")) == (before, {"who": "c"})


@looped
async def test_what_was_refused_or_failed_has_no_entry_and_breaks_no_chain() -> None:
    """AUDIT-1, AUDIT-2"""
    async with living() as life:
        await life.create("d")
        with pytest.raises(EtagMismatch):
            await life.twins.patch(key_of("d"), TwinPatch({}), if_match="x", by=OWNER)
        life.disk.fails = True
        with pytest.raises(Unavailable):
            await life.tag("d", a=1)
        life.disk.fails = False
        await life.tag("d", a=2)
        assert [one["number"] for one in await entries(life)] == [2, 1]
        assert faults(life) == []


@looped
async def test_each_start_has_an_entry_that_follows_the_one_before() -> None:
    """AUDIT-5, AUDIT-7"""
    async with living() as life:
        await life.audit.open()
        await life.create("d")
    async with living(life) as again:
        await again.audit.open()
        await again.delete("d")
        assert [action for action, _ in await told(again)] == [
            "hub.start",
            "device.create",
            "hub.start",
            "device.delete",
        ]
        assert faults(again) == []


@looped
async def test_it_is_asked_by_actor_action_subject_and_time() -> None:
    """AUDIT-8"""
    async with living() as life:
        await life.create("d", "e")
        life.clock.advance(10)
        since = millis(life.clock.now())
        await life.tag("d", a=1)
        assert await told(life, Wanted(actor="nobody")) == []
        assert await told(life, Wanted(action="twin")) == [("twin.patch", "d")]
        assert await told(life, Wanted(action="device.create", subject="e")) == [
            ("device.create", "e")
        ]
        assert await told(life, Wanted(since=since)) == [("twin.patch", "d")]
        assert len(await told(life, Wanted(until=since))) == 2


@looped
async def test_it_comes_in_pages_newest_first() -> None:
    """AUDIT-8"""
    async with living() as life:
        await life.create("a", "b", "c")
        first = await life.audit.page(ANY, limit=2, by=OWNER)
        last = await life.audit.page(ANY, before=first.next, limit=2, by=OWNER)
        assert [one["subject"] for one in first.entries + last.entries] == ["c", "b", "a"]
        assert (first.next, last.next) == (2, None)


@looped
async def test_a_filter_that_matches_little_is_answered_in_parts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """AUDIT-8"""
    monkeypatch.setattr("affinage.services.audit.SLICE", 2)
    monkeypatch.setattr("affinage.services.audit.MAX_SCANNED", 2)
    async with living() as life:
        await life.create("a", "b", "c", "d", "e")
        wanted, after, subjects = Wanted(subject="a"), None, list[Any]()
        for _ in range(3):
            page = await life.audit.page(wanted, before=after, limit=5, by=OWNER)
            subjects, after = subjects + [one["subject"] for one in page.entries], page.next
        assert (subjects, after) == (["a"], None)


@looped
async def test_what_is_much_older_than_wanted_is_not_looked_through() -> None:
    async with living() as life:
        await life.create("a")
        life.clock.advance(3 * DAY_MS / 1000)
        await life.create("b")
        wanted = Wanted(since=millis(life.clock.now()) - 1)
        assert await told(life, wanted) == [("device.create", "b")]


@looped
async def test_the_oldest_go_when_there_are_too_many_and_the_rest_verifies() -> None:
    """AUDIT-9"""
    async with living() as life:
        await life.create(*(f"d{number}" for number in range(60)))
        await life.audit._prune()
        assert [one["number"] for one in await entries(life)] == [*range(60, 10, -1)]
        assert faults(life) == []
    async with living(life) as again:
        await again.audit.open()
        assert faults(again) == []
        assert (await entries(again))[0]["number"] == 61


@looped
async def test_the_oldest_go_when_they_are_too_old_but_for_the_newest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """AUDIT-9"""
    monkeypatch.setattr("affinage.services.audit.SLICE", 2)
    async with living() as life:
        await life.create("a", "b", "c", "d", "e")
        life.clock.advance(401 * DAY_MS / 1000)
        await life.audit._prune()
        assert [one["number"] for one in await entries(life)] == [5]
        assert faults(life) == []


@looped
async def test_it_is_pruned_now_and_then_and_a_full_disk_ends_nothing() -> None:
    async with living() as life:
        await life.create(*(f"d{number}" for number in range(60)))
        life.disk.fails = True

        pruning = asyncio.ensure_future(life.audit.run())
        for _ in range(200):
            await asyncio.to_thread(int)
            if life.clock.sleepers >= 5:
                break
        life.disk.fails = False
        life.clock.advance(PRUNE_S)
        for _ in range(200):
            await asyncio.to_thread(int)
            if len(life.keys(Table.AUDIT)) == 50:
                break
        pruning.cancel()
        assert len(life.keys(Table.AUDIT)) == 50


@looped
async def test_nothing_of_a_key_is_in_the_log() -> None:
    """AUDIT-4"""
    async with living() as life:
        await life.create("d")
        await life.policies.put("mine", {"rights": ["RegistryRead"]}, if_match=None, by=OWNER)
        device: Any = await life.registry.get(key_of("d"), by=OWNER)
        keys = [*device["authentication"]["symmetricKey"].values(), *life.access.keys("mine")]
        log = b"".join(body for _, body in life.store.read(Table.AUDIT))
        assert not [key for key in keys if key.encode() in log]


@looped
async def test_who_may_not_read_the_registry_may_not_read_the_log() -> None:
    async with living() as life:
        for refused in (
            life.audit.page(ANY, limit=1, by=policy(Right.SERVICE_CONNECT)),
            life.audit.get(1, by=policy(Right.SERVICE_CONNECT)),
        ):
            with pytest.raises(Forbidden):
                await refused


@looped
async def test_a_log_that_was_pruned_to_nothing_goes_on_where_it_was() -> None:
    async with living() as life:
        await life.audit.open()
    async with living(life) as again:
        mark = codec.encode(again.fleet.audited)
        rows = [Row(Table.AUDIT, key, None) for key in again.keys(Table.AUDIT)]
        await again.store.commit([*rows, Row(Table.MARKS, "audit", mark)])
    async with living(again) as last:
        await last.audit.open()
        assert (last.fleet.audited.number, faults(last)) == (2, [])
