"""Whether a write changed what configurations hold."""

from msgspec.structs import replace

from affinage.domain.device import Device
from affinage.domain.drift import has_drifted
from affinage.domain.names import TwinKey
from affinage.domain.twin import TwinPatch, patch, report
from affinage.domain.values import JsonObject
from fakes.reconciling import a_device, configured, rulebook, run

BOOK = rulebook(
    configured("one", {"properties.desired.a": {"b": 1}}),
    configured("two", {"properties.desired.a": {"b": 1}}, kind="module"),
)


def settled() -> Device:
    return run(a_device(modules=["m"]), BOOK)[0]


def desired(device: Device, values: JsonObject, module: str | None = None) -> Device:
    key = TwinKey(device.id, module)
    twin, _ = patch(key, device.twin_of(key), TwinPatch(desired=values), at=1)
    return device.with_twin(key, twin)


def test_a_write_at_a_path_in_force_or_below_it_is_drift() -> None:
    """RECONCILE-33"""
    device = settled()
    assert has_drifted(device, desired(device, {"a": {"b": 2}}))
    assert has_drifted(device, desired(device, {"a": {"c": 1}}))
    assert has_drifted(device, desired(device, {"a": None}))


def test_a_write_elsewhere_or_of_the_same_value_is_none() -> None:
    """RECONCILE-33"""
    device = settled()
    assert not has_drifted(device, desired(device, {"b": 2}))
    assert not has_drifted(device, desired(device, {"a": {"b": 1}}))


def test_true_is_not_one() -> None:
    device = settled()
    assert has_drifted(device, desired(device, {"a": {"b": True}}))


def test_a_module_drifts_as_well() -> None:
    """RECONCILE-33"""
    device = settled()
    assert has_drifted(device, desired(device, {"a": 1}, "m"))
    assert not has_drifted(device, desired(device, {"b": 1}, "m"))


def test_what_a_device_reports_and_new_modules_are_no_drift() -> None:
    device = settled()
    key = TwinKey(device.id)
    reported = report(key, device.twin, {"a": 1}, at=1)
    assert not has_drifted(device, device.with_twin(key, reported))
    module = replace(device.modules["m"], id="n")
    assert not has_drifted(device, device.with_module(module))


def test_all_of_desired_may_be_in_force() -> None:
    """EDGE-7"""
    device = settled()
    whole = replace(device, twin=replace(device.twin, owned={"": "one"}))
    assert has_drifted(whole, desired(whole, {"z": 1}))
