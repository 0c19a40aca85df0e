"""services/fleet/ledger.py: entries of a commit follow one another, and what they are about."""

import asyncio
from typing import Any

from affinage.adapters.memory.store import MemoryStore
from affinage.domain.audit import GENESIS, Anchor, Deed, digest_of, fault
from affinage.domain.groups import create as new_group
from affinage.domain.names import TwinKey
from affinage.domain.principal import Kind, Principal
from affinage.ports.store import Row, Table
from affinage.services.fleet import codec
from affinage.services.fleet.ledger import (
    ANCHOR,
    Ledger,
    anchor_of,
    digested,
    key_of,
    read_entries,
    row,
)
from affinage.services.fleet.unit import Change
from fakes.commits import Commits, configuration, configuring, device, putting

BY = Principal(Kind.POLICY, "service", "https", "7")


def deed(action: str, subject: str, **digests: Any) -> Deed:
    return Deed(BY, action, subject, **digests)


def actions(commits: Commits, change: Change[Any]) -> list[str]:
    return [one.action for one in digested(change, commits.batch())]


def test_entries_of_a_commit_follow_one_another_and_what_was_taken() -> None:
    """AUDIT-5"""
    ledger = Ledger()
    first, second = ledger.entries([deed("a.b", "x"), deed("a.c", "y")], at=5)
    assert (first.previous, second.previous, fault(first, second)) == (GENESIS, first.hash, None)
    assert ledger.tip == Anchor()  # it failed
    ledger.take([first, second])
    ledger.take([])
    assert ledger.tip == Anchor(2, second.hash)


def test_the_end_of_the_log_is_found_in_the_store_or_where_it_was_pruned() -> None:
    """AUDIT-5, AUDIT-9"""
    store, ledger = MemoryStore(), Ledger()
    ledger.read(store)
    assert (ledger.tip, anchor_of(store)) == (Anchor(), Anchor())
    mark = Anchor(6, "ab")
    asyncio.run(store.commit([Row(Table.MARKS, ANCHOR, codec.encode(mark))]))
    ledger.read(store)
    assert ledger.tip == mark
    entries = ledger.entries([deed("a.b", "x")] * 3, at=1)
    asyncio.run(store.commit([*map(row, entries)]))
    ledger.read(store)
    assert ledger.tip.number == 9
    assert [one.number for one in read_entries(store, 9, 5)] == [8, 7]
    assert [one.number for one in read_entries(store, None, 1)] == [9]


def test_keys_sort_as_numbers_do() -> None:
    assert key_of(9) < key_of(10) < key_of(10**18)


def test_what_is_written_is_told_as_what_it_was() -> None:
    """AUDIT-1, AUDIT-3"""
    commits, wrote = Commits(), (deed("device.write", "d"), deed("device.write", "d/m"))
    new, module = device("d"), device("d", None, "m")
    assert actions(commits, putting(new, deeds=wrote[:1])) == ["device.create"]
    commits.run(putting(new))
    assert actions(commits, putting(module, deeds=wrote)) == ["device.update", "module.create"]
    gone = Change(lambda _: None, devices={"d": None}, deeds=wrote[:1])
    assert actions(commits, gone) == ["device.delete"]


def test_a_twins_digests_are_of_before_and_after() -> None:
    """AUDIT-3"""
    commits, key = Commits(), TwinKey("d")
    commits.run(putting(device("d")))
    tagged = device("d", {"a": 1})
    (found,) = digested(putting(tagged, deeds=(deed("twin.patch", "d"),)), commits.batch())
    assert found.before == digest_of(commits.device("d"), key)
    assert found.after == digest_of(tagged, key) != found.before


def test_configurations_and_groups_have_digests_too_and_a_tombstone_is_gone() -> None:
    """AUDIT-3"""
    commits = Commits()
    wrote = (deed("configuration.write", "c"),)
    one = configuration("c")
    made = Change(lambda _: None, configurations={"c": one}, deeds=wrote)
    assert actions(commits, made) == ["configuration.create"]
    commits.run(configuring(one))
    group = new_group("g", {"condition": "tags.a = 1"}, at=0)
    grouped = Change(lambda _: None, groups={"g": group}, deeds=(deed("group.write", "g"),))
    assert actions(commits, grouped) == ["group.create"]
    gone = Change(lambda _: None, configurations={"c": None}, deeds=wrote)
    assert actions(commits, gone) == ["configuration.delete"]


def test_what_brings_its_own_digests_keeps_them() -> None:
    commits = Commits()
    several = (
        deed("policy.write", "p", before="x", after="y"),
        deed("job.cancel", "j"),
        deed("twin.patch", "elsewhere"),
    )
    found = digested(Change(lambda _: None, deeds=several), commits.batch())
    assert [one.action for one in found] == ["policy.update", "job.cancel", "twin.patch"]
    assert (found[0].before, found[0].after) == ("x", "y")
