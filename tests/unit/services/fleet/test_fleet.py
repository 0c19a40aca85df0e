"""The fleet as the services see it: read at once, changed by units, the same after a restart."""

from typing import Any

import pytest
from pyroaring import BitMap

from affinage.domain.device import Presence
from affinage.domain.errors import DeviceNotFound, ModuleNotFound
from affinage.domain.query.parse import parse_condition
from affinage.domain.query.syntax import Collection
from affinage.domain.values import JsonObject
from affinage.ports.store import Row, Table
from affinage.services.fleet import bitmaps
from affinage.services.fleet.figures import FleetFigures, IndexFigures
from affinage.services.fleet.unit import Change
from fakes.life import OWNER, key_of, living
from fakes.looped import looped


@looped
async def test_what_was_written_is_read_at_once() -> None:
    async with living() as life:
        await life.create("b", "a", "a/m", tags={"ring": "x"})
        fleet = life.fleet
        assert (fleet.ids(9), fleet.ids(1), fleet.device_count) == (["a", "b"], ["a"], 2)
        assert fleet.find("a") == fleet.device("a") == life.stored()["a"]
        assert fleet.row(key_of("a/m")).twin.tags == {"ring": "x"}
        assert fleet.find("c") is None
        for name, error in (("c", DeviceNotFound), ("a/n", ModuleNotFound)):
            with pytest.raises(error):
                fleet.row(key_of(name))


@looped
async def test_a_fleet_opened_again_is_the_one_it_was() -> None:
    async with living() as life:
        await life.create("d", "d/m", "e", tags={"ring": "a"})
        await life.configure("one", "tags.ring = 'a'")
        await life.settle()
    async with living(life) as again:
        assert [again.fleet.find(name) for name in "de"] == [life.fleet.find(name) for name in "de"]
        assert again.fleet.configurations() == life.fleet.configurations()
        assert again.fleet.carriers("one") == 2
        await again.create("f", tags={"ring": "a"})
        assert again.desired("f") == {"who": "one"}
        assert again.fleet.device("f").number == 3


@looped
async def test_conditions_of_configurations_are_indexed_from_the_start() -> None:
    async with living() as life:
        await life.create("d")
        await life.configure("one", "tags.ring = 'a' AND tags.n > 1")
    async with living(life) as again:
        await again.tag("d", ring="a", n=2)
        assert again.desired("d") == {"who": "one"}
        await again.tag("d", n=None)
        assert again.desired("d") == {}


@looped
async def test_what_a_metric_counts_by_has_bitmaps_after_a_restart_too() -> None:
    """The first who read the counts after a restart waited for a scan."""
    metric = "SELECT deviceId FROM devices WHERE properties.reported.state = 'current'"
    async with living() as life:
        await life.create("d")
        body: JsonObject = {"targetCondition": "*", "metrics": {"queries": {"current": metric}}}
        await life.configurations.put("one", body, if_match=None, by=OWNER)
    async with living(life) as again:
        await again.turn()
        bitmaps = again.fleet._memory.bitmaps[Collection.DEVICES]
        for path in (("properties", "reported", "state"), ("configurations", "one", "status")):
            assert bitmaps.path(path) is not None


@looped
async def test_arrays_that_a_condition_looks_into_are_reconciled() -> None:
    """ARRAY_CONTAINS was asked once and never again."""
    async with living() as life:
        await life.create("d", tags={"rings": ["a"]})
        await life.configure("one", "ARRAY_CONTAINS(tags.rings, 'b')")
        await life.settle()
        await life.tag("d", rings=["a", "b"])
        assert life.desired("d") == {"who": "one"}
        await life.tag("d", rings=["a"])
        assert life.desired("d") == {}


@looped
async def test_a_query_that_was_asked_is_answered_by_bitmaps_the_next_time() -> None:
    async with living() as life:
        await life.create("d", "e", "e/m", tags={"ring": "a"})
        condition = parse_condition("tags.ring = 'a'")
        for _ in range(2):
            assert await life.fleet.count(Collection.DEVICES, condition) == 2
            assert await life.found("tags.ring = 'a'", Collection.MODULES) == ["e/m"]
            await life.turn()
        assert await life.fleet.count(Collection.MODULES, None) == 1


@looped
async def test_numbers_are_of_all_devices_and_a_copy() -> None:
    async with living() as life:
        await life.create("a", "b", "b/m")
        life.fleet.numbers().clear()
        assert {*life.fleet.ids_of(life.fleet.numbers()).values()} == {"a", "b"}


@looped
async def test_paths_that_are_refused_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bitmaps, "MAX_VALUES", 1)
    async with living() as life:
        for number in range(3):
            await life.create(f"d{number}", tags={"n": number})
        assert life.fleet.refused() == []
        await life.found("tags.n = 1")
        await life.turn()
        assert life.fleet.refused() == [(Collection.DEVICES, ("tags", "n"))]


@looped
async def test_a_tally_is_there_once_its_paths_are_followed() -> None:
    async with living() as life:
        await life.create("d", tags={"ring": "a"})
        condition, begun = parse_condition("tags.ring = 'a'"), life.fleet.begun
        assert not life.fleet.follows(Collection.DEVICES, [("tags", "ring")])
        assert life.fleet.tally(Collection.DEVICES, condition) is None
        assert life.fleet.follows(Collection.DEVICES, [("tags", "ring")])
        assert life.fleet.begun == begun + 1
        await life.turn()
        assert life.fleet.tally(Collection.DEVICES, condition) == 1


@looped
async def test_a_metric_of_jobs_is_not_indexed() -> None:
    """Such a metric once ended the hub, as its commit was told, and at every start."""
    async with living() as life:
        text = "SELECT * FROM devices.jobs WHERE status = 'failed'"
        body: JsonObject = {"metrics": {"queries": {"jobs": text}}}
        made = await life.configurations.put("one", body, if_match=None, by=OWNER)
        assert made["metrics"]["results"] == {"jobs": 0}  # type: ignore[call-overload, index]
    async with living(life) as again:
        assert len(again.fleet.configurations()) == 1


@looped
async def test_presence_is_counted_and_told() -> None:
    async with living() as life:
        key, here = key_of("d"), Presence(connected=True)
        await life.fleet.change(lambda _: Change(lambda _: None, presence={key: here}))
        assert life.fleet.presences() == [(key, here)]
        assert (life.fleet.presence(key), life.fleet.connected_count) == (here, 1)


@looped
async def test_rows_of_no_device_are_saved_and_read_back() -> None:
    async with living() as life:
        await life.fleet.save(Row(Table.MARKS, "mine", b"x"))
        assert ("mine", b"x") in life.fleet.saved(Table.MARKS)


@looped
async def test_the_audit_log_is_read_page_by_page_from_its_anchor() -> None:
    async with living() as life:
        await life.create("a", "b")
        assert [entry.subject for entry in await life.fleet.entries(None, 5)] == ["b", "a"]
        assert [entry.subject for entry in await life.fleet.entries(2, 5)] == ["a"]
        assert (life.fleet.anchor.number, life.fleet.audited.number) == (0, 2)


@looped
async def test_configurations_are_told_oldest_first_without_tombstones() -> None:
    async with living() as life:
        await life.create("d")
        for name in ("b", "a", "gone"):
            await life.configure(name, "*")
            life.clock.advance(1)
        await life.withdraw("gone")
        assert [one.id for one in life.fleet.configurations()] == ["b", "a"]
        gone = life.fleet.configuration("gone")
        assert gone
        assert gone.tombstone
        assert life.fleet.configuration("never") is None


@looped
async def test_what_is_dirty_or_leaving_is_told() -> None:
    async with living() as life:
        await life.create("d", desired={f"f{number}": "x" * 4000 for number in range(8)})
        await life.configure("one", "*", more="x" * 4000)
        await life.settle()
        assert [device.id for device in life.fleet.dirty()] == ["d"]
        assert (life.fleet.carriers("one"), life.fleet.reached_by("one")) == (0, BitMap([1]))
        assert life.fleet.ids_of([1, 99]) == {1: "d"}


@looped
async def test_its_figures_are_of_what_it_holds() -> None:
    async with living() as life:
        await life.create("d", "d/m", "e", tags={"ring": "a"})
        here = {key_of("d/m"): Presence(connected=True)}
        await life.fleet.change(lambda _: Change(lambda _: None, presence=here))
        life.fleet.tally(Collection.DEVICES, parse_condition("tags.ring = 'a' OR tags.n = 1"))
        before = life.fleet.figures()
        assert before == FleetFigures(2, 1, 1, 0, IndexFigures(0, 2, 0, 0, 0))
        await life.turn()
        assert life.fleet.figures().index == IndexFigures(2, 0, 0, 0, bitmaps=1)


@looped
async def test_a_group_is_asked_for_as_what_it_is_now() -> None:
    """GROUP-4"""
    async with living() as life:
        await life.create("a", tags={"ring": "a"})
        await life.create("b")
        await life.group("early", "tags.ring = 'a'")
        condition = parse_condition("GROUP('early')")
        assert await life.found("GROUP('early')") == ["a"]
        assert await life.fleet.count(Collection.DEVICES, condition) == 1
        assert life.fleet.tally(Collection.DEVICES, condition) == 1
        await life.group("early", "NOT IS_DEFINED(tags.ring)", again=True)
        assert await life.found("GROUP('early')") == ["b"]


@looped
async def test_what_a_metric_names_through_a_group_is_held_by_it() -> None:
    """GROUP-6"""
    async with living() as life:
        await life.group("early", "tags.ring = 'a'")
        metrics = {"queries": {"m": "SELECT * FROM devices WHERE GROUP('early')"}}
        body: Any = {"targetCondition": "", "metrics": metrics}
        await life.configurations.put("one", body, if_match=None, by=OWNER)
        assert life.fleet.follows(Collection.DEVICES, [("tags", "ring")])
        await life.group("early", "tags.site = 'x'", again=True)
        assert life.fleet.follows(Collection.DEVICES, [("tags", "site")])
