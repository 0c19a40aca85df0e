"""What configurations make of a device: within a budget, after a failure, over drift."""

from typing import Any

import pytest
from msgspec.structs import replace

from affinage.domain.allowance import Allowance
from affinage.domain.configuration import create, update
from affinage.domain.device import Device, Dirty
from affinage.domain.names import TwinKey
from affinage.domain.query.syntax import Collection
from affinage.domain.twin import TwinPatch, patch, report
from affinage.domain.values import JsonObject
from affinage.services.fleet.settling import MAX_RETRY, RETRY, back_off
from affinage.services.fleet.unit import Change, View
from fakes.commits import Commits, configuration, configuring, device, putting

ONE_TOKEN = Allowance(hub_per_s=1, hub_burst=1)
BIG = "x" * 4000
FULL = {f"f{number}": BIG for number in range(8)}
ASKING: Change[None] = Change(lambda _: None, sweep={"d": None})


@pytest.fixture
def hub() -> Commits:
    """One with a single token, and a configuration that writes wherever `tags.on` is 1."""
    hub = Commits(ONE_TOKEN)
    hub.watch(("tags", "on"))
    hub.run(configuring(configuration("one", "tags.on = 1", x=1)))
    hub.run(putting(device("c", {"on": 0}), device("d", {"on": 0})))
    return hub


def tag(hub: Commits, name: str, **tags: Any) -> Device:
    batch = hub.batch()
    answer = hub.tag(batch, name, **tags)
    hub.commit(batch)
    return answer


def desire(hub: Commits, name: str, **desired: Any) -> None:
    found = hub.device(name)
    twin, events = patch(TwinKey(name), found.twin, TwinPatch(desired=desired), at=hub.at)
    hub.run(putting(replace(found, twin=twin), events=events))


def reports(hub: Commits, name: str, **reported: Any) -> None:
    def decide(view: View) -> Change[None]:
        found = view.device(name)
        twin = report(TwinKey(name), found.twin, reported, at=hub.at)
        return putting(replace(found, twin=twin))

    batch = hub.batch()
    batch.run(decide)
    hub.commit(batch)


def test_without_a_token_the_cause_stands_and_the_device_waits(hub: Commits) -> None:
    """RECONCILE-24, RECONCILE-26"""
    tag(hub, "c", on=1)
    hub.at = 5
    answer = tag(hub, "d", on=1)
    assert (answer.twin.tags, answer.twin.desired.values) == ({"on": 1}, {})
    assert hub.device("d").dirty == Dirty("", since=5, attempts=0, due=5)


def test_it_is_written_when_there_is_a_token_again(hub: Commits) -> None:
    """RECONCILE-24"""
    tag(hub, "c", on=1)
    tag(hub, "d", on=1)
    hub.run(ASKING)
    assert hub.device("d").dirty
    hub.clock.advance(1)
    hub.run(ASKING)
    assert (hub.device("d").twin.desired.values, hub.device("d").dirty) == ({"x": 1}, None)


def test_to_wait_once_more_writes_nothing(hub: Commits) -> None:
    """RECONCILE-26"""
    tag(hub, "c", on=1)
    tag(hub, "d", on=1)
    hub.at = 9
    batch = hub.batch()
    batch.run(lambda _: ASKING)
    assert list(batch.rows()) == []


def test_what_is_found_as_it_should_be_needs_no_token(hub: Commits) -> None:
    """RECONCILE-24"""
    tag(hub, "c", on=1)
    tag(hub, "d", on=1)
    tag(hub, "d", on=0)
    assert (hub.device("d").dirty, hub.guards.taken) == (None, 1)


def test_what_is_written_on_in_one_unit_takes_one_token(hub: Commits) -> None:
    """RECONCILE-24"""
    hub.watch(("properties", "desired", "x"))
    hub.run(configuring(configuration("two", "properties.desired.x = 1", y=1)))
    tag(hub, "d", on=1)
    assert (hub.device("d").twin.desired.values, hub.guards.taken) == ({"x": 1, "y": 1}, 1)


def test_a_report_does_not_try_a_dirty_device_again(hub: Commits) -> None:
    """RECONCILE-23"""
    tag(hub, "c", on=1)
    tag(hub, "d", on=1)
    refused = hub.guards.refused
    reports(hub, "d", temperature=20)
    assert (hub.guards.refused, hub.device("d").dirty is None) == (refused, False)


def failed(hub: Commits) -> Dirty:
    found = hub.device("d").dirty
    assert found
    return found


def failing() -> Commits:
    """A hub where `d` is full, and a configuration would write more since the start."""
    hub = Commits()
    hub.run(putting(device("d")))
    desire(hub, "d", **FULL)
    hub.run(configuring(configuration("one", more=BIG)), ASKING)
    return hub


def test_a_device_that_failed_is_dirty_since_then_and_due_after_a_pause() -> None:
    """RECONCILE-23"""
    hub = failing()
    for at in (1000, 3000):
        hub.at = at
        hub.run(ASKING)
    found = failed(hub)
    assert (found.since, found.attempts, found.due) == (0, 3, 3000 + 4000)


def test_a_write_before_the_pause_is_over_is_no_attempt() -> None:
    """RECONCILE-23"""
    hub = failing()
    hub.at = 500
    desire(hub, "d", g=1)
    found = failed(hub)
    assert (found.since, found.attempts, found.due) == (0, 1, 1000)
    assert "would take" in found.error


def test_a_write_that_helps_cleans_at_once() -> None:
    """RECONCILE-23"""
    hub = failing()
    desire(hub, "d", f0=None)
    assert (hub.device("d").dirty, "more" in hub.device("d").twin.desired.values) == (None, True)


def test_pauses_double_up_to_five_minutes() -> None:
    """RECONCILE-23"""
    pauses = [back_off(attempts) for attempts in (1, 2, 3, 9, 10, 1000)]
    assert pauses == [RETRY, 2 * RETRY, 4 * RETRY, 256 * RETRY, MAX_RETRY, MAX_RETRY]


def drifted() -> Commits:
    """A hub where somebody wrote over what a configuration holds on `d`, at 5."""
    hub = Commits()
    hub.run(configuring(configuration("one", x=1)), putting(device("d")))
    hub.at = 5
    desire(hub, "d", x=2, z=3)
    return hub


def test_a_write_over_a_path_in_force_marks_the_device() -> None:
    """RECONCILE-33"""
    hub = drifted()
    hub.at = 6
    desire(hub, "d", x=4)
    assert (hub.device("d").drifted_at, hub.device("d").twin.desired.values["x"]) == (5, 4)


def test_drift_is_corrected_when_it_is_due_and_not_before() -> None:
    """RECONCILE-34"""
    hub = drifted()
    hub.at = 5 + hub.guards.drift_after - 1
    hub.run(ASKING)
    assert (hub.device("d").drifted_at, hub.device("d").twin.desired.values["x"]) == (5, 2)
    hub.at += 1
    hub.run(ASKING)
    device = hub.device("d")
    assert (device.drifted_at, device.twin.desired.values) == (None, {"x": 1, "z": 3})


def test_a_write_of_others_corrects_no_drift() -> None:
    """RECONCILE-34: it is a unit of its own."""
    hub = drifted()
    hub.watch(("tags", "on"))
    hub.run(configuring(configuration("two", "tags.on = 1", y=1)))
    hub.at = 5 + hub.guards.drift_after
    tag(hub, "d", on=1)
    assert hub.device("d").twin.desired.values == {"x": 2, "y": 1, "z": 3}


def test_what_a_sweep_takes_away_is_no_flip() -> None:
    """RECONCILE-29"""
    hub = Commits()
    one = configuration("one", "tags.on = 1", x=1)
    hub.run(configuring(one), putting(device("d", {"on": 1})))
    edited = update(one, {"targetCondition": "tags.on = 2"}, if_match=None, at=1)
    hub.run(configuring(edited), Change(lambda _: None, sweep={"d": "one"}))
    assert (hub.device("d").carried, hub.device("d").flips) == ({}, {})


def test_correcting_drift_takes_a_token(hub: Commits) -> None:
    """RECONCILE-34"""
    tag(hub, "d", on=1)
    desire(hub, "d", x=2)
    hub.at = hub.guards.drift_after
    hub.run(ASKING)
    device = hub.device("d")
    assert (device.drifted_at, device.dirty, device.twin.desired.values) == (
        0,
        Dirty("", hub.at, 0, hub.at),
        {"x": 2},
    )
    hub.clock.advance(1)
    hub.run(ASKING)
    assert (hub.device("d").drifted_at, hub.device("d").twin.desired.values) == (None, {"x": 1})


def test_what_flaps_within_one_unit_freezes_at_the_next_try() -> None:
    """RECONCILE-22, RECONCILE-30"""
    hub = Commits()
    hub.watch(("properties", "desired", "x"))
    hub.run(configuring(configuration("one", "NOT IS_DEFINED(properties.desired.x)", x=1)))
    hub.run(putting(device("d")))
    assert "without end" in failed(hub).error
    hub.at = 1000
    hub.run(ASKING)
    assert (hub.device("d").dirty, list(hub.device("d").flips)) == (None, ["one"])


def test_a_module_that_flips_in_a_write_of_others_is_asked_by_what_moved() -> None:
    """RECONCILE-3"""
    hub = Commits()
    hub.watch(("tags", "on"), collection=Collection.MODULES)
    body: JsonObject = {
        "targetCondition": "tags.on = 1",
        "content": {"moduleContent": {"properties.desired.x": 1}},
    }
    hub.run(configuring(create("one", body, generation=1, at=0)), putting(device("d", None, "m")))
    found = hub.device("d")
    twin, _ = patch(TwinKey("d", "m"), found.modules["m"].twin, TwinPatch({"on": 1}), at=0)
    hub.run(putting(found.with_twin(TwinKey("d", "m"), twin)))
    assert hub.device("d").modules["m"].twin.desired.values == {"x": 1}


def test_modules_that_a_deployment_brings_are_numbered() -> None:
    """EDGE-9"""
    hub = Commits()
    body: JsonObject = {
        "targetCondition": "*",
        "content": {
            "modulesContent": {
                "$edgeAgent": {"properties.desired.modules.m": {"settings": {}}},
                "m": {"properties.desired": {"x": 1}},
            }
        },
    }
    hub.run(configuring(create("one", body, generation=1, at=0)))
    hub.run(putting(device("d", edge=True)))
    assert all(module.number for module in hub.device("d").modules.values())
    assert "m" in hub.device("d").modules
