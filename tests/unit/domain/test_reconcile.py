import pytest
from msgspec.structs import replace

from affinage.domain.edge import GRACE
from affinage.domain.errors import TooLarge
from affinage.domain.overlay import judge
from affinage.domain.registration import IOT_EDGE
from affinage.domain.values import JsonObject
from fakes.reconciling import a_device, a_module, configured, rulebook, run, whole

A: JsonObject = {"properties.desired.a": 1}
BASE: JsonObject = {
    "$edgeAgent": {"properties.desired": whole("m")},
    "$edgeHub": {"properties.desired.routes": {"up": "FROM /* INTO $upstream"}},
    "m": {"properties.desired.a": 2},
}


def test_a_device_becomes_what_its_configurations_want() -> None:
    """RECONCILE-1, RECONCILE-18"""
    book = rulebook(configured("c", A, generation=7), configured("d", A, "tags.x = 1"))
    device, (event,) = run(a_device(), book)
    assert (event.patch, event.version) == ({"a": 1}, 2)
    assert (device.carried, device.twin.statuses) == ({"c": 7}, {"c": "Applied"})


def test_nothing_to_change_gives_the_same_device() -> None:
    """RECONCILE-9"""
    book = rulebook(configured("c", A), configured("e", BASE, kind="edge"))
    device, _ = run(a_device(iot_edge=True), book)
    assert run(device, book) == (device, ())
    assert run(device, book)[0] is device


def test_a_module_configuration_writes_the_modules_it_selects() -> None:
    """RECONCILE-2, RECONCILE-18"""
    book = rulebook(configured("c", A, "moduleId = 'm'", kind="module"))
    device, (event,) = run(a_device(modules=["m", "n"]), book)
    assert event.key.path == "pump-1/m"
    assert device.modules["m"].twin.statuses == {"c": "Applied"}
    assert device.modules["n"].twin.statuses == {}
    assert device.carried == {"c": 1}


def test_what_was_not_affected_stays_as_it_was() -> None:
    """RECONCILE-3"""
    book = rulebook(configured("c", A, "tags.x = 1"), configured("m", A, kind="module"))
    device, _ = run(a_device(tags={"x": 1}, modules=["m"]), book)
    twin = replace(device.twin, tags={"x": 2})
    assert run(replace(device, twin=twin), book, affected=())[1] == ()
    assert run(replace(device, twin=twin), book, affected={"c"})[1][0].patch == {"a": None}


def test_a_module_configuration_without_effect_stays_carried() -> None:
    """RECONCILE-3, RECONCILE-18"""
    book = rulebook(configured("c", condition="FROM devices.modules WHERE moduleId = 'm'"))
    device, events = run(a_device(modules=["m"]), book)
    assert (device.carried, events) == ({"c": 1}, ())
    assert run(device, book, affected=())[0] is device


def test_a_module_that_a_deployment_brings_meets_every_module_configuration() -> None:
    """RECONCILE-3"""
    book = rulebook(configured("c", A, kind="module", priority=9))
    book = book.with_rule(configured("e", BASE, kind="edge"))
    device, _ = run(a_device(iot_edge=True), book, affected={"e"})
    assert device.modules["m"].twin.statuses == {"c": "Applied", "e": "Targeted"}
    assert device.modules["m"].twin.desired.values == {"a": 1}


def test_a_configuration_made_again_is_another_one() -> None:
    """RECONCILE-15, RECONCILE-17"""
    device, _ = run(a_device(), rulebook(configured("c", {**A, "properties.desired.b": 1})))
    again = rulebook(configured("c", {"properties.desired.a": 2}, generation=2))
    device, (event,) = run(device, again)
    assert (event.patch, device.carried) == ({"a": 2, "b": None}, {"c": 2})
    assert run(device, again, affected=())[0] is device


def test_a_tombstone_leaves() -> None:
    """RECONCILE-11, RECONCILE-16, RECONCILE-17"""
    configuration = configured("c", A)
    device, _ = run(a_device(), rulebook(configuration))
    device, (event,) = run(device, rulebook(replace(configuration, tombstone=True)), affected=())
    assert (event.patch, device.carried, device.twin.statuses) == ({"a": None}, {}, {})


def test_events_come_in_writing_order() -> None:
    """RECONCILE-20, EDGE-14"""
    book = rulebook(configured("c", A), configured("e", BASE, kind="edge"))
    _, events = run(a_device(iot_edge=True), book)
    assert [event.key.module for event in events] == [None, "m", "$edgeHub", "$edgeAgent"]


def test_a_module_without_a_deployment_leaves_in_time() -> None:
    """EDGE-11, EDGE-12"""
    other = {"$edgeAgent": {"properties.desired": whole()}}
    device, _ = run(a_device(iot_edge=True), rulebook(configured("e", BASE, kind="edge")))
    book = rulebook(configured("e", BASE, "", kind="edge"), configured("f", other, kind="edge"))
    device, _ = run(device, book, at=1)
    assert device.modules["m"].leaves_at == 1 + GRACE
    device, _ = run(device, book, at=1 + GRACE, affected=())
    assert "m" not in device.modules


def test_the_last_deployment_leaves_everything_as_it_is() -> None:
    """EDGE-8"""
    deployment = configured("e", BASE, kind="edge")
    before, _ = run(a_device(iot_edge=True), rulebook(deployment))
    after, events = run(before, rulebook(replace(deployment, tombstone=True)))
    assert (events, after.carried) == ((), {})
    for name, module in after.modules.items():
        assert module.twin.desired is before.modules[name].twin.desired
        assert (module.twin.statuses, module.twin.owned) == ({}, {})


def test_so_it_does_when_nobody_remembers_it() -> None:
    """EDGE-8"""
    before, _ = run(a_device(iot_edge=True), rulebook(configured("e", BASE, kind="edge")))
    after, events = run(before, rulebook(configured("e", A, kind="module", generation=2)))
    assert [event.patch for event in events] == [{"a": 1}]
    assert after.modules["$edgeAgent"].twin.desired.values == whole("m")


def test_of_a_module_that_deployments_did_not_make_paths_go() -> None:
    """RECONCILE-11"""
    device, _ = run(a_device(modules=["w"]), rulebook(configured("c", A, kind="module")))
    assert run(device, rulebook())[1][0].patch == {"a": None}
    managed = replace(device, modules={"w": a_module("w", managed_by=IOT_EDGE)})
    assert run(managed, rulebook())[1] == ()


def test_one_twin_over_its_limit_changes_nothing() -> None:
    """RECONCILE-19"""
    book = rulebook(
        configured("c", A), configured("m", {"properties.desired.b": "x" * 4000}, kind="module")
    )
    full = a_module("w")
    values: JsonObject = {f"k{number}": "x" * 4000 for number in range(8)}
    full = replace(full, twin=a_device(desired=values).twin)
    with pytest.raises(TooLarge, match="desired of pump-1/w would take"):
        run(replace(a_device(), modules={"w": full}), book)


def test_what_a_run_writes_conditions_see_in_the_next() -> None:
    """RECONCILE-21"""
    reader = configured("d", {"properties.desired.b": 1}, "properties.desired.a = 1")
    book = rulebook(configured("c", A), reader)
    device, _ = run(a_device(), book)
    assert device.carried == {"c": 1}
    assert run(device, book)[0].carried == {"c": 1, "d": 1}


def test_drift_is_corrected_on_request() -> None:
    """RECONCILE-14"""
    book = rulebook(configured("c", A))
    device, _ = run(a_device(), book)
    section = replace(device.twin.desired, values={"a": 3})
    drifted = replace(device, twin=replace(device.twin, desired=section))
    assert run(drifted, book) == (drifted, ())
    assert run(drifted, book, correct_drift=True)[1][0].patch == {"a": 1}


def test_who_wins_is_decided_once_for_all_devices_that_carry_the_same() -> None:
    book = rulebook(configured("one", {"properties.desired.a": 1}))
    verdicts = [run(a_device(name), book)[0].twin.owned for name in ("pump-1", "pump-2")]
    assert (verdicts[0] is verdicts[1], len(book.verdicts)) == (True, 1)
    book.verdicts.update({(None, str(number)): judge([]) for number in range(2000)})
    run(a_device(modules=["m"]), book)
    assert len(book.verdicts) == 1
