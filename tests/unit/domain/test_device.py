"""The device as one unit: its twins and modules, found and replaced."""

import pytest
from msgspec.structs import replace

from affinage.domain.device import (
    ABSENT,
    MAX_PRODUCT,
    Device,
    Module,
    Presence,
    begun,
    found,
    heard,
)
from affinage.domain.errors import DeviceNotFound, ModuleNotFound
from affinage.domain.identity import Credentials, Identity, ModuleIdentity, Status, with_status
from affinage.domain.names import TwinKey
from affinage.domain.twin import new_twin

VALVE = Module("valve", ModuleIdentity("2" * 18, 1, Credentials()), new_twin(2))
PUMP = Device("pump", Identity("1" * 18, 1, Credentials()), new_twin(1), modules={"valve": VALVE})


def test_a_key_names_the_devices_own_twin_or_a_modules() -> None:
    assert PUMP.twin_of(TwinKey("pump")) is PUMP.twin
    assert PUMP.twin_of(TwinKey("pump", "valve")) is VALVE.twin


def test_a_module_that_is_not_there_is_not_found() -> None:
    for ask in (PUMP.module, lambda name: PUMP.twin_of(TwinKey("pump", name))):
        with pytest.raises(ModuleNotFound, match=r"^no module lid on device pump$"):
            ask("lid")
    with pytest.raises(ModuleNotFound):
        PUMP.with_twin(TwinKey("pump", "lid"), new_twin(3))


def test_a_device_that_is_not_there_is_not_found() -> None:
    assert found(PUMP, "pump") is PUMP
    with pytest.raises(DeviceNotFound, match=r"^no device pump$"):
        found(None, "pump")


def test_a_new_twin_takes_the_place_of_the_old_one_alone() -> None:
    twin = new_twin(3)
    own, modules = (
        PUMP.with_twin(TwinKey("pump"), twin),
        PUMP.with_twin(TwinKey("pump", "valve"), twin),
    )
    assert own == replace(PUMP, twin=twin)
    assert modules.module("valve") == replace(VALVE, twin=twin)
    assert modules.twin is PUMP.twin
    assert PUMP.module("valve") is VALVE


def test_modules_come_and_go() -> None:
    lid = replace(VALVE, id="lid")
    both = PUMP.with_module(lid)
    assert both.modules == {"valve": VALVE, "lid": lid}
    assert both.without_module("valve").modules == {"lid": lid}
    assert PUMP.without_module("lid") == PUMP


def test_a_change_of_the_identity_leaves_the_twin() -> None:
    """TWIN-25."""
    identity = with_status(PUMP.identity, Status.DISABLED, "lost", at=4)
    assert replace(PUMP, identity=identity).twin is PUMP.twin


def test_who_never_connected_is_absent() -> None:
    assert (ABSENT.connected, ABSENT.changed_at, ABSENT.active_at) == (False, None, None)


def test_a_presence_begins_with_what_the_client_is_and_keeps_what_waits() -> None:
    """MQTT-59"""
    now = begun(Presence(active_at=3, waiting=2, product="old"), "p" * (MAX_PRODUCT + 1), 7)
    assert now == Presence(True, 7, 7, 2, "p" * MAX_PRODUCT)


def test_the_last_that_was_heard_counts() -> None:
    """PRESENCE-3"""
    assert heard(ABSENT, None) == ABSENT
    assert heard(ABSENT, 5) == heard(Presence(active_at=5), 3) == Presence(active_at=5)
