"""What the fleet remembers follows what is committed, and nothing else."""

import pytest
from msgspec.structs import replace
from pyroaring import BitMap

from affinage.domain.conditions import collection_of
from affinage.domain.configuration import buried
from affinage.domain.device import ABSENT, Dirty, Presence
from affinage.domain.names import TwinKey
from affinage.domain.query.syntax import UNDEFINED, Collection, Path
from affinage.ports.store import Table
from affinage.services.fleet.bitmaps import MAX_VALUES
from affinage.services.fleet.unit import Change
from affinage.services.fleet.watched import Move
from fakes.commits import Commits, configuration, configuring, deleting, device, putting

RING: Path = ("tags", "ring")


@pytest.fixture
def hub() -> Commits:
    return Commits()


def test_a_new_device_is_found_by_id_and_by_number(hub: Commits) -> None:
    hub.run(putting(device("b"), device("a")))
    memory = hub.memory
    assert list(memory.ids) == ["a", "b"]
    number = memory.numbers["a"]
    assert memory.at(number) == memory.find("a")
    assert memory.ids_by_number[number] == "a"
    assert (memory.find("c"), memory.at(99)) == (None, None)


def test_a_deleted_device_leaves_nothing(hub: Commits) -> None:
    hub.watch(RING)
    hub.watch(("moduleId",), collection=Collection.MODULES)
    hub.run(configuring(configuration("one")), putting(device("d", {"ring": "a"}, "m")))
    hub.run(Change(lambda _: None, presence={TwinKey("d", "m"): Presence(connected=True)}))
    hub.run(deleting("d"))
    memory = hub.memory
    assert (memory.numbers, list(memory.ids)) == ({}, [])
    assert {*memory.ids_by_number, *memory.bodies} == {None}
    assert (memory.at(1), memory.id_at(1), memory.id_at(99)) == (None, None, None)
    assert [memory.modules, memory.presences, list(memory.carriers["one"])] == [{}, {}, []]
    for bitmaps in memory.bitmaps.values():
        assert not bitmaps.everything
        assert not any(path.values for path in bitmaps.paths.values())
    assert [table for table, _ in hub.rows] == [Table.CONFIGURATIONS]


def test_rows_are_of_devices_and_of_modules(hub: Commits) -> None:
    hub.run(putting(device("d", None, "m")))
    memory = hub.memory
    number = hub.device("d").modules["m"].number
    row = memory.row(Collection.MODULES, number)
    assert row
    assert (row.key, row.presence) == (TwinKey("d", "m"), ABSENT)
    assert memory.row(Collection.MODULES, 99) is None
    assert memory.row(Collection.DEVICES, 99) is None
    there = [memory.row(Collection.DEVICES, number) for number in (1, 99)]
    assert [one and one.key.path for one in there] == ["d", None]


def test_who_leaves_a_configuration_carries_it_no_more(hub: Commits) -> None:
    one = configuration("one", "tags.ring = 'canary'")
    hub.run(configuring(one), putting(device("d", {"ring": "canary"}), device("e")))
    assert hub.memory.carriers["one"] == BitMap([hub.device("d").number])
    aside = replace(one, target_condition="tags.ring = 'prod'", etag=2)
    hub.run(configuring(aside), Change(lambda _: None, sweep={"d": "one"}))
    assert hub.device("d").carried == {}
    assert hub.memory.carriers["one"] == BitMap()


def test_a_device_made_again_in_one_commit_is_carried_once(hub: Commits) -> None:
    """Its old number stayed among the carriers, and the count was one too high."""
    hub.run(configuring(configuration("one")), putting(device("d")))
    old = hub.device("d").number
    hub.run(deleting("d"), putting(device("d")))
    assert hub.device("d").number != old
    assert hub.memory.carriers["one"] == BitMap([hub.device("d").number])
    assert list(hub.memory.ids) == ["d"]


def test_dirty_devices_and_leaving_modules_are_remembered_until_they_are_none(hub: Commits) -> None:
    clean = device("d", None, "m", "n")
    hub.run(putting(clean))
    numbered = hub.device("d")
    leaving = {name: replace(numbered.modules[name], leaves_at=at) for name, at in LEAVING.items()}
    batch = hub.batch()
    pending = replace(numbered, dirty=Dirty("why", 0), modules=leaving)
    batch.overlay.put("d", numbered, pending)
    hub.commit(batch)
    assert [*hub.memory.pending.dirty, *hub.memory.pending.leavers.due(5)] == [1, 1]
    batch = hub.batch()
    batch.overlay.put("d", hub.device("d"), numbered)
    hub.commit(batch)
    assert not any(hub.memory.pending.numbers.values())


LEAVING = {"m": 9, "n": 5}


def test_configurations_come_change_and_go(hub: Commits) -> None:
    one = configuration("one")
    hub.run(configuring(one))
    assert (hub.memory.configurations, set(hub.memory.rulebook.rules)) == ({"one": one}, {"one"})
    hub.run(configuring(buried(one, at=2)))
    assert not hub.memory.rulebook.rules["one"].in_force
    hub.run(Change(lambda _: None, configurations={"one": None}))
    assert (hub.memory.configurations, set(hub.memory.rulebook.rules)) == ({}, set())


def test_presence_is_remembered_and_forgotten(hub: Commits) -> None:
    key, here = TwinKey("d"), Presence(connected=True, changed_at=1)
    hub.run(Change(lambda _: None, presence={key: here}))
    assert hub.memory.presence(key) == here
    hub.run(Change(lambda _: None, presence={key: None}))
    assert hub.memory.presence(key) is ABSENT
    assert hub.rows == {}


def test_who_is_connected_is_counted(hub: Commits) -> None:
    key, here = TwinKey("d"), Presence(connected=True)
    counts = []
    for presence in (here, here, replace(here, connected=False), None, here, None, None):
        hub.run(Change(lambda _: None, presence={key: presence}))
        counts.append(hub.memory.connected_count)
    assert counts == [1, 1, 0, 0, 1, 0, 0]


def test_a_path_watched_while_a_commit_was_under_way_hears_of_it(hub: Commits) -> None:
    hub.run(putting(device("d", {"ring": "a"}, "m"), device("e", {"ring": "a"})))
    batch = hub.batch()
    hub.tag(batch, "d", ring="b")
    batch.run(lambda _: deleting("e"))
    hub.watch(RING)
    bitmaps = hub.memory.bitmaps[Collection.DEVICES]
    for number in list(bitmaps.everything):
        row = hub.memory.row(Collection.DEVICES, number)
        assert row
        bitmaps.see(row, number, [RING])
    hub.commit(batch)
    assert bitmaps.paths[RING].values == {"b": BitMap([1])}


def test_presence_is_watched_though_its_values_are_too_many_for_bitmaps(hub: Commits) -> None:
    """Conditions that name lastActivityTime were asked no more once 50,000 devices had spoken."""
    path: Path = ("lastActivityTime",)
    assert not hub.memory.watches_presence()
    hub.watch(path)
    assert hub.memory.watches_presence()
    bitmaps = hub.memory.bitmaps[Collection.DEVICES]
    for number in range(MAX_VALUES + 1):
        bitmaps.apply(Move(path, number, UNDEFINED, number))
    assert path in bitmaps.refused
    assert hub.memory.watches_presence()


def test_a_condition_is_about_the_rows_of_its_kind(hub: Commits) -> None:
    of_modules = replace(configuration("m"), content={"moduleContent": {}})
    hub.run(configuring(configuration("d"), of_modules))
    rules = hub.memory.rulebook.rules
    assert collection_of(rules["d"].kind) is Collection.DEVICES
    assert collection_of(rules["m"].kind) is Collection.MODULES
