"""What a PUT makes of identities, and how the wire shows them."""

from itertools import count
from typing import Any, Final

import pytest
from msgspec.structs import replace

from affinage.domain.device import ABSENT, Device, Presence
from affinage.domain.errors import (
    Invalid,
    Malformed,
    ModuleNotFound,
    TooManyModules,
)
from affinage.domain.identity import AuthType, Credentials, KeySource, Status
from affinage.domain.names import SYSTEM_MODULES, TwinKey
from affinage.domain.registration import (
    IOT_EDGE,
    MAX_MODULES,
    Makings,
    changed_device,
    changed_module,
    device_document,
    module_document,
    module_identity,
    new_device,
    new_module,
)
from affinage.domain.twin import TwinPatch, patch
from affinage.domain.values import JsonObject

EDGE: Final[dict[str, Any]] = {"capabilities": {"iotEdge": True}}
NO_EDGE: Final[dict[str, Any]] = {"capabilities": {"iotEdge": False}}

GATE: Final = "ms-azure-iot-edge://gate-000000000000000009"


def no_parents(scope: str) -> tuple[str, ...] | None:
    """There is one edge device, and nothing above it."""
    return () if scope == GATE else None


@pytest.fixture
def makings() -> Makings:
    generations, etags, keys = count(1), count(500_000_001), count(1)
    source = KeySource(lambda: f"{next(keys):02}" * 16, lambda text: b"sealed " + text.encode())
    return Makings(source, lambda: f"{next(generations):018}", lambda: next(etags))


def made(makings: Makings, name: str = "pump-1", at: int = 1000, **body: Any) -> Device:
    return new_device(name, body, makings, no_parents, at)


def put(device: Device, makings: Makings, at: int = 2000, **body: Any) -> Device:
    return changed_device(device, body, makings, no_parents, at)


def with_modules(device: Device, makings: Makings, *names: str, **body: Any) -> Device:
    for name in names:
        device = new_module(device, name, body, makings, 1000)
    return device


def test_a_new_device_is_enabled_and_has_fresh_keys_and_a_fresh_twin(makings: Makings) -> None:
    """IDENTITY-1, IDENTITY-3"""
    device = made(makings)
    identity = device.identity
    assert (identity.generation, identity.etag) == ("000000000000000001", 500_000_001)
    assert (identity.status, identity.status_reason, identity.status_at) == ("enabled", None, None)
    assert identity.credentials.primary_key != identity.credentials.secondary_key
    assert (device.twin.version, device.modules) == (2, {})


def test_a_new_device_is_what_the_body_says(makings: Makings) -> None:
    """IDENTITY-3, IDENTITY-4"""
    identity = made(
        makings,
        deviceId="pump-1",
        status="Disabled",
        statusReason="in store",
        authentication={"type": "none"},
    ).identity
    assert (identity.status, identity.status_reason) == (Status.DISABLED, "in store")
    assert identity.status_at is None
    assert identity.credentials == Credentials(AuthType.NONE)


@pytest.mark.parametrize("name", ["", "a/b", "a b", "x" * 129, "ä"])
def test_a_name_that_no_device_can_have_is_refused(makings: Makings, name: str) -> None:
    """IDENTITY-1"""
    with pytest.raises(Invalid, match="id of a device"):
        made(makings, name)
    with pytest.raises(Invalid, match="id of a module"):
        new_module(made(makings), name, {}, makings, 0)


def test_the_body_must_be_of_the_identity_in_the_path(makings: Makings) -> None:
    """IDENTITY-3"""
    device = with_modules(made(makings, deviceId=None), makings, "m", deviceId="pump-1")
    with pytest.raises(Invalid, match=r"'pump-2', in the path 'pump-1'"):
        made(makings, deviceId="pump-2")
    with pytest.raises(Invalid, match="deviceId"):
        put(device, makings, deviceId="PUMP-1")
    bodies: list[JsonObject] = [{"deviceId": "pump-2"}, {"moduleId": "n"}]
    for body in bodies:
        with pytest.raises(Invalid, match="in the path"):
            new_module(device, "other", body, makings, 0)
        with pytest.raises(Invalid, match="in the path"):
            changed_module(device, "m", body, makings)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"status": "asleep"}, Invalid),
        ({"status": 1}, Malformed),
        ({"statusReason": ["x"]}, Malformed),
        ({"capabilities": [1]}, Malformed),
        ({"capabilities": {"iotEdge": "yes"}}, Malformed),
        ({"authentication": "sas"}, Malformed),
    ],
)
def test_what_is_none_of_an_identitys_values_is_refused(
    makings: Makings, body: dict[str, Any], error: type[Exception]
) -> None:
    """IDENTITY-3"""
    device = made(makings)
    with pytest.raises(error):
        made(makings, **body)
    with pytest.raises(error):
        put(device, makings, **body)


def test_a_put_replaces_what_may_be_written_and_leaves_the_twin(makings: Makings) -> None:
    """IDENTITY-3, IDENTITY-9, IDENTITY-23"""
    device = made(makings, status="disabled", statusReason="broken")
    twin, _ = patch(TwinKey("pump-1"), device.twin, TwinPatch(tags={"x": 1}), at=0)
    device = device.with_twin(TwinKey("pump-1"), twin)
    changed = put(device, makings, capabilities=None)
    identity = changed.identity
    assert (identity.status, identity.status_reason) == (Status.ENABLED, None)
    assert (identity.etag, identity.status_at) == (500_000_002, 2000)
    assert identity.credentials == device.identity.credentials
    assert changed.twin is device.twin


def test_absent_capabilities_stay(makings: Makings) -> None:
    """IDENTITY-3"""
    gate = made(makings, **EDGE)
    for body in ({}, {"capabilities": None}, {"capabilities": {"iotEdge": None}}):
        assert put(gate, makings, **body).identity.iot_edge


def test_an_edge_device_has_its_system_modules_and_a_scope(makings: Makings) -> None:
    """IDENTITY-10, IDENTITY-11"""
    gate = made(makings, "gate-7", **EDGE)
    assert tuple(gate.modules) == SYSTEM_MODULES
    assert gate.identity.device_scope == "ms-azure-iot-edge://gate-7-000000000000000001"
    again = put(gate, makings, deviceScope="", **EDGE)
    assert again.modules == gate.modules
    assert again.identity.device_scope == gate.identity.device_scope


def test_a_device_that_becomes_an_edge_device_keeps_its_modules(makings: Makings) -> None:
    """IDENTITY-10"""
    device = with_modules(made(makings), makings, "m")
    gate = put(device, makings, **EDGE)
    assert tuple(gate.modules) == ("m", *SYSTEM_MODULES)
    assert gate.modules["m"] is device.modules["m"]


def test_an_edge_device_no_longer_one_loses_what_only_edge_devices_have(makings: Makings) -> None:
    """IDENTITY-10"""
    gate = with_modules(made(makings, **EDGE), makings, "mine")
    gate = with_modules(gate, makings, "deployed", managedBy=IOT_EDGE)
    plain = put(gate, makings, **NO_EDGE)
    assert tuple(plain.modules) == ("mine",)
    assert (plain.identity.device_scope, plain.identity.parent_scopes) == (None, ())


def test_a_device_that_never_was_an_edge_device_loses_no_module(makings: Makings) -> None:
    """IDENTITY-10: a PUT once took modules that an operator had called IotEdge's."""
    device = with_modules(made(makings), makings, "m", managedBy=IOT_EDGE)
    assert tuple(put(device, makings).modules) == ("m",)


def test_a_module_is_made_and_changed_with_its_own_etag(makings: Makings) -> None:
    """IDENTITY-15, IDENTITY-23"""
    device = with_modules(made(makings), makings, "m", managedBy="me")
    module = device.module("m")
    assert (module.identity.managed_by, module.twin.version) == ("me", 2)
    changed = changed_module(device, "m", {"authentication": {"type": "none"}}, makings)
    identity = changed.module("m").identity
    assert (identity.etag, identity.managed_by) == (module.identity.etag + 1, None)
    assert (identity.generation, changed.identity) == (module.identity.generation, device.identity)
    assert identity.credentials.type is AuthType.NONE
    with pytest.raises(ModuleNotFound):
        changed_module(device, "n", {}, makings)
    with pytest.raises(Malformed, match="managedBy"):
        changed_module(device, "m", {"managedBy": 1}, makings)


@pytest.mark.parametrize("name", SYSTEM_MODULES)
def test_nobody_but_the_hub_makes_system_modules(makings: Makings, name: str) -> None:
    """IDENTITY-16"""
    with pytest.raises(Invalid, match="edge devices only"):
        new_module(made(makings), name, {}, makings, 0)
    gate = made(makings, **EDGE)
    keys: JsonObject = {"authentication": {"type": "sas"}}
    assert changed_module(gate, name, keys, makings).module(name) != gate.module(name)


def test_a_device_has_fifty_modules_and_not_one_more(makings: Makings) -> None:
    """IDENTITY-16"""
    gate = with_modules(made(makings, **EDGE), makings, *(f"m{n}" for n in range(MAX_MODULES - 2)))
    with pytest.raises(TooManyModules, match="51 of 50"):
        new_module(gate, "one-more", {}, makings, 0)
    full = with_modules(made(makings), makings, *(f"m{n}" for n in range(MAX_MODULES - 1)))
    with pytest.raises(TooManyModules, match="51 of 50"):
        put(full, makings, **EDGE)


def test_the_identity_of_a_deployed_module_says_whose_it_is(makings: Makings) -> None:
    """IDENTITY-10"""
    assert module_identity(makings, IOT_EDGE).managed_by == "IotEdge"


def test_a_device_is_shown_with_all_its_members(makings: Makings) -> None:
    """IDENTITY-2"""
    device = made(makings, deviceScope=GATE)
    shown = device_document(device, Presence(True, 1500, 2500), ("first", "second"))
    assert shown == {
        "deviceId": "pump-1",
        "generationId": "000000000000000001",
        "etag": "NTAwMDAwMDAx",
        "connectionState": "Connected",
        "status": "enabled",
        "statusReason": None,
        "connectionStateUpdatedTime": "1970-01-01T00:00:01.5Z",
        "statusUpdatedTime": "0001-01-01T00:00:00Z",
        "lastActivityTime": "1970-01-01T00:00:02.5Z",
        "cloudToDeviceMessageCount": 0,
        "authentication": {
            "symmetricKey": {"primaryKey": "first", "secondaryKey": "second"},
            "x509Thumbprint": {"primaryThumbprint": None, "secondaryThumbprint": None},
            "type": "sas",
        },
        "capabilities": {"iotEdge": False},
        "deviceScope": GATE,
        "parentScopes": [GATE],
    }


def test_what_a_device_has_not_is_null_or_left_out(makings: Makings) -> None:
    """IDENTITY-2"""
    thumbs = {"primaryThumbprint": "AB" * 20, "secondaryThumbprint": "cd" * 32}
    device = made(makings, authentication={"x509Thumbprint": thumbs})
    shown = device_document(device, ABSENT, (None, None))
    assert shown["connectionState"] == "Disconnected"
    assert "deviceScope" not in shown
    assert shown["authentication"] == {
        "symmetricKey": {"primaryKey": None, "secondaryKey": None},
        "x509Thumbprint": thumbs,
        "type": "selfSigned",
    }


def test_a_module_is_shown_with_its_devices_id_and_no_status(makings: Makings) -> None:
    """IDENTITY-15"""
    device = with_modules(made(makings), makings, "m")
    shown = module_document(device, device.module("m"), Presence(True, 0, 0), ("a", "b"))
    assert list(shown) == [
        *("moduleId", "managedBy", "deviceId", "generationId", "etag", "connectionState"),
        *("connectionStateUpdatedTime", "lastActivityTime", "cloudToDeviceMessageCount"),
        "authentication",
    ]
    assert (shown["moduleId"], shown["deviceId"], shown["managedBy"]) == ("m", "pump-1", None)
    absent = module_document(device, device.module("m"), ABSENT, ("a", "b"))
    assert (shown["connectionState"], absent["connectionState"]) == ("Connected", "Disconnected")


def test_whoever_enables_a_retired_device_takes_it_back_into_service(makings: Makings) -> None:
    """REPLACE-4"""
    gone = replace(made(makings), retired_at=5)
    assert put(gone, makings, status="disabled").retired_at == 5
    assert put(gone, makings, status="enabled").retired_at is None
