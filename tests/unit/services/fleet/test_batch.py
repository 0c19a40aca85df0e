"""Units of one commit: what each sees, what is written, and what reconciling makes of it."""

import gc
import weakref
from functools import partial
from typing import Any

import pytest
from msgspec.structs import replace

from affinage.domain.device import Device, Dirty, Presence
from affinage.domain.errors import DeviceNotFound
from affinage.domain.groups import create
from affinage.domain.names import TwinKey
from affinage.domain.query.syntax import Collection, Path
from affinage.domain.twin import TwinPatch, patch
from affinage.ports.store import Row, Table
from affinage.services.fleet import codec
from affinage.services.fleet.settling import ROUNDS
from affinage.services.fleet.unit import Change, View
from fakes.commits import Commits, configuration, configuring, deleting, device, putting

RING: Path = ("tags", "ring")
ON_DESIRED: Path = ("properties", "desired", "x")
KEY = TwinKey("d")
BIG = "x" * 4000


@pytest.fixture
def hub() -> Commits:
    return Commits()


def refuses(_: View) -> Change[None]:
    raise DeviceNotFound("no device x")


def rows_of(hub: Commits, *changes: Change[Any]) -> list[tuple[Table, int | str, bool]]:
    """What a commit of these would write: table, key, and whether there is a body."""
    batch = hub.batch()
    for change in changes:
        batch.run(lambda _, change=change: change)  # type: ignore[misc]  # bound at once
    return [(row.table, row.key, row.body is not None) for row in batch.rows()]


def desire(hub: Commits, found: Device, **values: Any) -> Device:
    twin, _ = patch(KEY, found.twin, TwinPatch(desired=values), at=hub.at)
    return found.with_twin(KEY, twin)


def test_a_unit_sees_what_those_before_it_did(hub: Commits) -> None:
    batch = hub.batch()
    assert (batch.find("d"), batch.device_count) == (None, 0)
    batch.run(lambda _: putting(device("d"), presence={KEY: Presence(connected=True)}))
    batch.run(lambda _: configuring(configuration("one")))
    assert hub.tag(batch, "d", ring="a").twin.tags == {"ring": "a"}
    assert (batch.device_count, batch.presence(KEY).connected) == (1, True)
    assert batch.configuration("one") == configuration("one")
    assert hub.memory.find("d") is None


def test_what_a_batch_has_read_goes_with_it(hub: Commits) -> None:
    """Without the collector: for 500 devices a commit, it took a seventh of the time."""
    hub.run(putting(device("d")))
    batch = hub.batch()
    hub.tag(batch, "d", ring="a")
    gone = weakref.ref(batch)
    gc.disable()
    del batch
    gc.enable()
    assert gone() is None


def test_a_unit_sees_what_is_remembered(hub: Commits) -> None:
    here = Presence(connected=True)
    hub.run(configuring(configuration("one", "")), putting(device("d"), presence={KEY: here}))
    batch = hub.batch()
    assert batch.device("d") == hub.device("d")
    assert batch.device("d") is batch.device("d")
    assert (batch.presence(KEY), batch.device_count) == (here, 1)
    assert batch.configuration("one") == configuration("one", "")
    assert batch.configuration("two") is None
    with pytest.raises(DeviceNotFound):
        batch.device("e")


def test_two_units_change_one_device_and_one_row_is_written(hub: Commits) -> None:
    hub.run(putting(device("d")))
    batch = hub.batch()
    hub.tag(batch, "d", ring="a")
    hub.tag(batch, "d", n=1)
    rows = list(batch.rows())
    assert [(row.table, row.key) for row in rows] == [(Table.DEVICES, 1)]
    assert rows[0].body
    assert codec.device(rows[0].body).twin.tags == {"ring": "a", "n": 1}


def test_a_unit_that_raises_leaves_what_others_did_to_the_same_device(hub: Commits) -> None:
    hub.run(putting(device("d")))
    batch = hub.batch()
    hub.tag(batch, "d", ring="a")
    with pytest.raises(DeviceNotFound):
        batch.run(refuses)
    hub.tag(batch, "d", n=1)
    hub.commit(batch)
    assert hub.device("d").twin.tags == {"ring": "a", "n": 1}


def test_made_deleted_and_made_again_in_one_commit_it_has_a_new_number(hub: Commits) -> None:
    hub.watch(RING)
    hub.run(putting(device("d", {"ring": "a"}, "m")))
    changes = [deleting("d"), putting(device("d", {"ring": "b"})), deleting("d")]
    assert rows_of(hub, *changes, putting(device("d", {"ring": "c"}))) == [
        (Table.DEVICES, 1, False),
        (Table.DEVICES, 3, True),
        (Table.PRESENCE, "d", False),
        (Table.PRESENCE, "d/m", False),
        *[
            (table, name, False)
            for name in ("d", "d/m", "d")
            for table in (Table.SUBSCRIPTIONS, Table.MESSAGES)
        ],
    ]
    hub.run(*changes, putting(device("d", {"ring": "c"})))
    assert [key for table, key in hub.rows if table is Table.DEVICES] == [5]
    values = hub.memory.bitmaps[Collection.DEVICES].paths[RING].values
    assert {value: list(rows) for value, rows in values.items()} == {"c": [5]}


def test_what_is_made_and_deleted_in_one_commit_was_never_there(hub: Commits) -> None:
    hub.run(putting(device("d", None, "m")), deleting("d"))
    assert hub.rows == {}
    assert (len(hub.memory.ids), hub.batch().device_count) == (0, 0)


def test_deleting_what_is_not_there_writes_nothing(hub: Commits) -> None:
    assert rows_of(hub, deleting("d")) == []


def test_an_identity_goes_with_its_presence_and_its_subscriptions(hub: Commits) -> None:
    """IDENTITY-19, MESSAGE-9"""
    keys = [KEY, TwinKey("d", "m")]
    tables = (Table.SUBSCRIPTIONS, Table.MESSAGES)
    rows = tuple(Row(table, key.path, b"x") for key in keys for table in tables)
    presence = {key: Presence(connected=True) for key in keys}
    hub.run(putting(device("d", None, "m")), Change(lambda _: None, presence=presence, rows=rows))
    found = hub.device("d")
    hub.run(putting(found.without_module("m")))
    assert sorted(str(key) for table, key in hub.rows) == ["1", "d", "d", "d"]
    hub.run(deleting("d"))
    assert hub.rows == {}


def test_who_is_asked_though_nothing_is_new_is_not_written(hub: Commits) -> None:
    hub.run(configuring(configuration("one")), putting(device("d")))
    assert rows_of(hub, Change(lambda _: None, sweep={"d": None, "e": None})) == []
    assert rows_of(hub, Change(lambda _: None, sweep={"d": "one"})) == []


def test_a_connection_moves_its_row_also_beside_a_change_of_the_device(hub: Commits) -> None:
    """Its move was lost if another unit of the commit had changed the device."""
    hub.watch(("connectionState",))
    hub.run(putting(device("d")))
    batch = hub.batch()
    hub.tag(batch, "d", ring="a")
    batch.run(lambda _: Change(lambda _: None, presence={KEY: Presence(connected=True)}))
    hub.commit(batch)
    values = hub.memory.bitmaps[Collection.DEVICES].paths["connectionState",].values
    assert {value: list(rows) for value, rows in values.items()} == {"Connected": [1]}


def test_a_connection_that_a_condition_watches_is_reconciled(hub: Commits) -> None:
    hub.watch(("connectionState",))
    hub.run(configuring(configuration("one", "connectionState = 'Connected'")))
    hub.run(putting(device("d")))
    hub.run(Change(lambda _: None, presence={KEY: Presence(connected=True)}))
    assert hub.device("d").twin.desired.values == {"who": "one"}
    assert rows_of(hub, Change(lambda _: None, presence={KEY: Presence(connected=True)})) == [
        (Table.PRESENCE, "d", True)
    ]


def test_a_new_device_obeys_at_once_and_is_told(hub: Commits) -> None:
    batch = hub.batch()
    batch.run(lambda _: configuring(configuration("one")))
    batch.run(lambda _: putting(device("d")))
    assert [(event.key, event.patch) for event in batch.overlay.events] == [(KEY, {"who": "one"})]
    assert batch.device("d").carried == {"one": 1}


def test_only_the_conditions_that_name_what_moved_are_asked(hub: Commits) -> None:
    hub.watch(RING)
    hub.run(configuring(configuration("one", "tags.ring = 'a'")), putting(device("d")))
    batch = hub.batch()
    assert hub.tag(batch, "d", n=1).twin.desired.values == {}
    assert hub.tag(batch, "d", ring="a").twin.desired.values == {"who": "one"}


def test_a_condition_on_what_reconciling_writes_is_met_in_the_same_unit(hub: Commits) -> None:
    """RECONCILE-22"""
    hub.watch(RING, ON_DESIRED, ("configurations", "a", "status"))
    hub.run(
        configuring(
            configuration("a", "tags.ring = 'canary'", x=1),
            configuration("b", "properties.desired.x = 1", y=1),
            configuration("c", "configurations.[[a]].status = 'Applied'", z=1),
        )
    )
    hub.run(putting(device("d")))
    batch = hub.batch()
    found = hub.tag(batch, "d", ring="canary")
    assert (found.twin.desired.values, found.dirty) == ({"x": 1, "y": 1, "z": 1}, None)
    assert hub.tag(batch, "d", ring=None).twin.desired.values == {}


def test_configurations_that_come_to_no_end_leave_the_device_dirty(hub: Commits) -> None:
    """RECONCILE-22"""
    hub.watch(ON_DESIRED)
    flips = configuration("flips", "NOT IS_DEFINED(properties.desired.x)", x=1)
    hub.run(configuring(flips), putting(device("d")))
    found = hub.device("d")
    assert found.dirty
    assert f"without end ({ROUNDS} times)" in found.dirty.error
    assert found.twin.desired.version == 1 + ROUNDS
    values = hub.memory.bitmaps[Collection.DEVICES].paths[ON_DESIRED].values
    assert {value: list(rows) for value, rows in values.items()} == {}
    assert "x" not in found.twin.desired.values


def test_what_reconciling_raises_leaves_the_cause_and_marks_the_device(hub: Commits) -> None:
    """RECONCILE-23"""
    hub.watch(RING)
    full = {f"f{number}": BIG for number in range(8)}
    hub.run(configuring(configuration("one", "tags.ring = 'a'", more=BIG)), putting(device("d")))
    hub.run(putting(desire(hub, hub.device("d"), **full)))
    batch = hub.batch()
    found = hub.tag(batch, "d", ring="a")
    assert (found.twin.tags, found.twin.desired.values, found.carried) == ({"ring": "a"}, full, {})
    assert found.dirty
    assert "desired of d would take" in found.dirty.error
    assert (found.dirty.attempts, batch.overlay.events) == (1, [])


def test_each_failure_counts_and_success_takes_the_mark_away(hub: Commits) -> None:
    """RECONCILE-23"""
    full = {f"f{number}": BIG for number in range(8)}
    hub.run(configuring(configuration("one", more=BIG)))
    hub.run(putting(desire(hub, device("d"), **full)))
    hub.at = 1000
    hub.run(Change(lambda _: None, sweep={"d": None}))
    dirty = hub.device("d").dirty
    assert dirty
    assert (dirty.since, dirty.attempts, dirty.due) == (0, 2, 3000)
    hub.run(putting(desire(hub, hub.device("d"), f0=None)))
    assert (hub.device("d").dirty, "more" in hub.device("d").twin.desired.values) == (None, True)


def test_a_dirty_device_asks_every_condition_again(hub: Commits) -> None:
    hub.run(configuring(configuration("one")), putting(device("d")))
    batch = hub.batch()
    marked = replace(batch.device("d"), dirty=Dirty("why", 0), carried={})
    batch.run(lambda _: putting(marked, sweep={"d": None}))
    assert (batch.device("d").dirty, batch.device("d").carried) == (None, {"one": 1})


def test_conditions_of_modules_are_asked_when_a_module_moves(hub: Commits) -> None:
    hub.watch(RING, collection=Collection.MODULES)
    of_modules = replace(
        configuration("m"),
        target_condition="FROM devices.modules WHERE tags.ring = 'a'",
        content={"moduleContent": {"properties.desired.who": "m"}},
    )
    hub.run(configuring(of_modules), putting(device("d", None, "m")))
    key = TwinKey("d", "m")
    found = hub.device("d")
    twin, _ = patch(key, found.twin_of(key), TwinPatch({"ring": "a"}), at=0)
    hub.run(putting(found.with_twin(key, twin)))
    assert hub.device("d").twin_of(key).desired.values == {"who": "m"}


def test_a_configuration_that_is_purged_is_gone_from_the_book(hub: Commits) -> None:
    hub.run(configuring(configuration("one")))
    batch = hub.batch()
    batch.run(lambda _: Change(lambda _: None, configurations={"one": None}))
    assert (batch.configuration("one"), batch.rulebook.rules) == (None, {})
    assert list(batch.rows()) == [Row(Table.CONFIGURATIONS, "one", None)]


def test_an_answer_that_raises_reaches_its_caller_and_what_it_decided_stands(hub: Commits) -> None:
    batch = hub.batch()
    change = Change(lambda after: after.device("x"), devices={"d": device("d")})
    with pytest.raises(DeviceNotFound):
        batch.run(partial(lambda change, _: change, change))
    assert batch.find("d")


def test_a_group_is_written_with_what_it_changes_and_is_there_for_the_next_unit() -> None:
    """GROUP-6"""
    hub, early = Commits(), create("early", {"condition": "tags.ring = 'a'"}, at=0)
    hub.run(
        Change(lambda _: None, groups={"early": early}),
        configuring(configuration("one", "GROUP('early')")),
        putting(device("a", {"ring": "a"}), device("b")),
    )
    carried = [one.carried for name in "ab" if (one := hub.memory.find(name))]
    assert carried == [{"one": 1}, {}]
    assert hub.rows[Table.GROUPS, "early"] == codec.encode(early)
    hub.run(Change(lambda _: None, groups={"early": None}))
    assert (Table.GROUPS, "early") not in hub.rows
    assert hub.memory.rulebook.rules["one"].names == frozenset()
