"""What is left of a retired device, and what another takes over from it."""

from typing import Any

import pytest
from msgspec.structs import replace

from affinage.domain.device import Device
from affinage.domain.errors import CannotReplace, Invalid
from affinage.domain.identity import Status
from affinage.domain.names import TwinKey
from affinage.domain.registration import IOT_EDGE
from affinage.domain.replacing import own_desired, replaced, restored, retired
from affinage.domain.twin import TwinPatch, patch
from fakes.reconciling import Keys, a_device, a_module, configured, rulebook, run

SCOPE = ("ms-azure-iot-edge://gateway-1",)


def below(device: Device, scope: tuple[str, ...] = SCOPE) -> Device:
    return replace(device, identity=replace(device.identity, parent_scopes=scope))


def swap(old: Device, new: Device) -> tuple[Device, Device, Any]:
    return replaced(old, new, Keys(), at=5)


def reasons(old: Device, new: Device) -> str:
    with pytest.raises(CannotReplace) as raised:
        swap(old, new)
    return str(raised.value)


def test_a_retired_device_is_disabled_with_a_reason_and_a_moment() -> None:
    """REPLACE-1"""
    one = retired(a_device(), "", at=5)
    assert (one.identity.status, one.identity.status_reason) == (Status.DISABLED, "retired")
    assert (one.retired_at, one.identity.status_at, one.identity.etag) == (5, 5, 2)
    again = retired(one, "broken", at=9)
    assert (again.identity.status_reason, again.retired_at, again.identity.status_at) == (
        *("broken", 5),
        5,
    )
    with pytest.raises(Invalid, match="129 of 128"):
        retired(one, "x" * 129, at=9)


def test_a_restored_device_is_enabled() -> None:
    """REPLACE-4"""
    one = restored(retired(a_device(), "broken", at=5), at=9)
    assert (one.retired_at, one.identity.status, one.identity.status_reason) == (
        *(None, Status.ENABLED),
        None,
    )
    assert restored(one, at=10) is one


def test_the_new_one_takes_what_the_old_one_was_given() -> None:
    """REPLACE-10, REPLACE-11"""
    old = below(a_device("old", tags={"site": "x"}, desired={"a": {"b": 1}}))
    gone, new, (told,) = swap(old, a_device("new"))
    assert (new.twin.tags, new.twin.desired.values) == ({"site": "x"}, {"a": {"b": 1}})
    assert (new.identity.parent_scopes, new.identity.device_scope) == (SCOPE, SCOPE[0])
    assert new.identity.credentials == a_device("new").identity.credentials
    assert (told.key, told.patch) == (TwinKey("new"), {"a": {"b": 1}})
    assert (gone.retired_at, gone.identity.status_reason) == (5, "replaced by new")
    assert gone.twin is old.twin


def test_what_configurations_hold_is_not_taken() -> None:
    """REPLACE-10"""
    book = rulebook(configured("c", {"properties.desired.fan.speed": 3, "properties.desired.x": 1}))
    old, _ = run(a_device("old", desired={"fan": {"mode": "a"}, "y": 1}), book)
    new, _ = run(a_device("new"), rulebook(configured("d", {"properties.desired.y": 9})))
    assert own_desired(old.twin) == {"fan": {"mode": "a"}, "y": 1}
    assert own_desired(run(a_device(), book)[0].twin) == {}
    _, result, _ = swap(old, new)
    assert result.twin.desired.values == {"fan": {"mode": "a"}, "y": 9}


def test_all_of_a_section_may_be_a_configurations() -> None:
    twin = replace(a_device(desired={"a": 1}).twin, owned={"": "c"})
    assert own_desired(twin) == {}


def test_nothing_to_take_writes_nothing() -> None:
    """REPLACE-10"""
    new = a_device("new", modules=["m"])
    _, result, events = swap(a_device("old", modules=["m"]), new)
    assert (result.twin, result.modules, events) == (new.twin, new.modules, ())


def test_modules_come_along_with_keys_of_their_own() -> None:
    """REPLACE-10"""
    old = a_device("old", modules=["m", "n"])
    for name in ("m", "n"):
        key = TwinKey("old", name)
        twin, _ = patch(key, old.twin_of(key), TwinPatch({"t": name}, {"d": name}), at=0)
        old = old.with_twin(key, twin)
    old = old.with_module(a_module("brought", managed_by=IOT_EDGE))
    old = old.with_module(replace(old.modules["n"], identity=replace(
        old.modules["n"].identity, managed_by="me")))  # fmt: skip
    _, new, events = swap(old, a_device("new", modules=["m"]))
    assert new.modules.keys() == {"m", "n"}
    assert [new.modules[name].twin.desired.values for name in "mn"] == [{"d": "m"}, {"d": "n"}]
    assert new.modules["n"].twin.tags == {"t": "n"}
    made = new.modules["n"].identity
    assert (made.credentials.primary_key, made.managed_by) == (b"new/n", "me")
    assert [event.key.path for event in events] == ["new/m", "new/n"]


def test_an_edge_device_keeps_its_own_scope() -> None:
    """REPLACE-10"""
    old = below(a_device("old", iot_edge=True))
    fresh = a_device("new", iot_edge=True)
    fresh = replace(fresh, identity=replace(fresh.identity, device_scope="own"))
    _, new, _ = swap(old, fresh)
    assert (new.identity.device_scope, new.identity.parent_scopes) == ("own", SCOPE)


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        (a_device("old"), "it is the same device"),
        (retired(a_device("new"), "", at=1), "it is retired"),
        (a_device("new", iot_edge=True), "one of them is an edge device"),
        (below(a_device("new"), ("other",)), "it has another parent"),
        (a_device("new", tags={"a": 1}), "it has tags"),
        (a_device("new", desired={"a": 1}), "it has desired properties of its own"),
        (a_device("new", modules=[f"m{n}" for n in range(49)]), "would have 51 of 50 modules"),
    ],
)
def test_what_stands_in_the_way_is_told(new: Device, reason: str) -> None:
    """REPLACE-12"""
    assert reason in reasons(a_device("old", modules=["x", "y"]), new)


def test_every_reason_is_told_of_modules_too() -> None:
    """REPLACE-12"""
    new = a_device("new", tags={"a": 1}, modules=["m"])
    key = TwinKey("new", "m")
    twin, _ = patch(key, new.twin_of(key), TwinPatch({"t": 1}, {"d": 1}), at=0)
    assert reasons(a_device("old"), new.with_twin(key, twin)) == (
        "new cannot replace old: it has tags; its module m has tags;"
        " its module m has desired properties of its own"
    )
