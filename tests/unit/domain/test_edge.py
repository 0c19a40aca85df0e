from typing import Any

import pytest
from msgspec.structs import replace

from affinage.domain.device import Device
from affinage.domain.edge import (
    GRACE,
    apply_content,
    in_writing_order,
    next_leaving,
    ordered,
    started_modules,
    with_leavers,
    with_modules,
    written_modules,
)
from affinage.domain.errors import InvalidContent, InvalidOperation, TooManyModules
from affinage.domain.registration import IOT_EDGE
from affinage.domain.values import JsonObject
from fakes.reconciling import Keys, a_device, a_module, configured, rulebook, whole

LAYER: JsonObject = {"$edgeAgent": {"properties.desired.modules.m": {"type": "docker"}}}
BASE: JsonObject = {"$edgeAgent": {"properties.desired": whole("m")}}
KEYS = Keys()


def gateway(*managed: str, modules: tuple[str, ...] = ()) -> Device:
    device = a_device("gw-1", iot_edge=True, modules=modules)
    for name in managed:
        device = device.with_module(a_module(name, managed_by=IOT_EDGE))
    return device


def applied(device: Device, **content: Any) -> Device:
    return apply_content(device, {"modulesContent": content}, identities=KEYS, at=5)[0]


def test_below_the_winning_manifest_nothing_is_in_force() -> None:
    """EDGE-5, EDGE-6"""
    ranks = [("l1", LAYER, 1), ("b2", BASE, 2), ("l3", LAYER, 3), ("b0", BASE, 0)]
    book = rulebook(
        *(configured(name, content, kind="edge", priority=rank) for name, content, rank in ranks)
    )
    found = ordered(book.ranked(book.rules))
    assert [rule.id for rule in found.in_force] == ["l3", "b2"]
    assert [rule.id for rule in found.hidden] == ["l1", "b0"]


def test_layers_alone_are_all_in_force() -> None:
    """EDGE-6"""
    content = {**LAYER, "extra": {}}
    book = rulebook(configured("a", LAYER, kind="edge"), configured("b", content, kind="edge"))
    found = ordered(book.ranked(book.rules))
    assert len(found.in_force) == 2
    assert written_modules(found) == {"$edgeAgent", "extra"}


def test_the_agent_is_told_which_modules_to_have() -> None:
    """EDGE-9"""
    assert started_modules(a_device()) == started_modules(gateway()) == frozenset()
    assert started_modules(applied(gateway(), **BASE)) == {"m"}


def test_a_name_that_no_module_can_have_is_passed_over() -> None:
    """EDGE-9"""
    agent = a_module("$edgeAgent")
    agent = replace(agent, twin=a_device(desired={"modules": {"m": {}, "ä": {}}}).twin)
    assert started_modules(gateway().with_module(agent)) == {"m"}


def test_missing_modules_are_made() -> None:
    """EDGE-9"""
    device = with_modules(gateway(modules=("own",)), {"own", "m"}, KEYS, at=5)
    made = device.modules["m"]
    assert (made.identity.managed_by, made.twin.desired.stamps.at) == (IOT_EDGE, 5)
    assert made.identity.credentials.primary_key == b"gw-1/m"
    assert device.modules["own"].identity.managed_by is None
    assert with_modules(device, {"own", "m"}, KEYS, at=6) is device


def test_a_device_has_at_most_fifty_modules_that_stay() -> None:
    """EDGE-10"""
    many = [f"m{number}" for number in range(48)]
    device = with_modules(gateway(), many, KEYS, at=0)
    with pytest.raises(TooManyModules, match="gw-1 would have 51 of 50 modules"):
        with_modules(device, ["other"], KEYS, at=0)
    leaving = with_leavers(device, frozenset(many[1:]), at=0)
    assert "other" in with_modules(leaving, ["other"], KEYS, at=0).modules


def test_a_module_that_is_not_wanted_leaves_after_ten_minutes() -> None:
    """EDGE-11, EDGE-12"""
    leaving = with_leavers(gateway("m"), frozenset(), at=5)
    assert next_leaving(leaving) == 5 + GRACE == 5 + 600_000
    assert with_leavers(leaving, frozenset(), at=4 + GRACE) is leaving
    gone = with_leavers(leaving, frozenset(), at=5 + GRACE)
    assert gone.modules.keys() == {"$edgeAgent", "$edgeHub"}
    assert next_leaving(gone) is None


def test_a_module_that_comes_back_stays() -> None:
    """EDGE-13"""
    leaving = with_leavers(gateway("m"), frozenset(), at=5)
    back = with_leavers(leaving, frozenset({"m"}), at=5 + GRACE)
    assert back == gateway("m")
    assert with_leavers(back, frozenset({"m"}), at=6) is back


def test_modules_of_others_and_system_modules_never_leave() -> None:
    """EDGE-11"""
    device = gateway(modules=("own",))
    agent = device.modules["$edgeAgent"]
    managed = replace(agent, identity=replace(agent.identity, managed_by=IOT_EDGE))
    device = device.with_module(managed)
    assert with_leavers(device, frozenset(), at=5) is device


def test_without_a_deployment_only_those_go_that_were_to_leave() -> None:
    """EDGE-8, EDGE-12"""
    device = with_leavers(gateway("m", "n"), frozenset({"n"}), at=5)
    assert with_leavers(device, None, at=6) is device
    assert with_leavers(device, None, at=5 + GRACE).modules.keys() == gateway("n").modules.keys()


def test_the_agent_is_written_last() -> None:
    """EDGE-14"""
    order = in_writing_order(["$edgeAgent", "z", "$edgeHub", "a"])
    assert order == ["a", "z", "$edgeHub", "$edgeAgent"]


def test_content_is_applied_once_and_remembered_nowhere() -> None:
    """EDGE-15"""
    content: JsonObject = {"modulesContent": {**BASE, "m": {"properties.desired.a.b": 1}}}
    device, events = apply_content(gateway("m"), content, identities=KEYS, at=5)
    assert [event.key.module for event in events] == ["m", "$edgeAgent"]
    assert device.modules["m"].twin.desired.values == {"a": {"b": 1}}
    assert device.modules["$edgeAgent"].twin.desired.values == whole("m")
    assert not any(module.twin.statuses or module.twin.owned for module in device.modules.values())


def test_content_of_a_device_is_written_over_what_is_there() -> None:
    """EDGE-15"""
    content: JsonObject = {"deviceContent": {"properties.desired": {"a": {"c": 2}, "b": None}}}
    device = a_device(desired={"a": {"b": 1}, "b": 1, "o": 1})
    device, events = apply_content(device, content, identities=KEYS, at=5)
    assert device.twin.desired.values == {"a": {"c": 2}, "o": 1}
    assert [event.patch for event in events] == [{"a": {"b": None, "c": 2}, "b": None}]


def test_the_modules_are_those_that_are_named_now() -> None:
    """EDGE-16"""
    device = with_leavers(gateway("m", "old", modules=("own",)), frozenset({"old"}), at=0)
    device = applied(device, **BASE, extra={})
    assert device.modules.keys() == {"$edgeAgent", "$edgeHub", "own", "m", "extra"}
    assert device.modules["m"].leaves_at is None


def test_edge_content_is_for_edge_devices() -> None:
    """EDGE-17"""
    with pytest.raises(InvalidOperation, match="pump-1 is no edge device"):
        applied(a_device(), **BASE)


def test_module_content_is_for_no_single_device() -> None:
    """EDGE-17"""
    content: JsonObject = {"moduleContent": {"properties.desired.a": 1}}
    with pytest.raises(InvalidContent, match="moduleContent"):
        apply_content(gateway(), content, identities=KEYS, at=5)
