"""Whether an identity may be connected, and whether it still is the one that was."""

import pytest
from msgspec.structs import replace

from affinage.domain.admission import generation_of, has_the_same_identities, why_not
from affinage.domain.device import Device, Module
from affinage.domain.identity import Credentials, Identity, ModuleIdentity, Status, mark
from affinage.domain.names import TwinKey
from affinage.domain.twin import new_twin

KEYS = Credentials(primary_key=b"one", secondary_key=b"two")
VALVE = Module("m", ModuleIdentity("8", 1, KEYS), new_twin(1))
PUMP = Device("d", Identity("7", 1, KEYS), new_twin(1), modules={"m": VALVE})
OFF = replace(PUMP, identity=replace(PUMP.identity, status=Status.DISABLED))
D, M, X = TwinKey("d"), TwinKey("d", "m"), TwinKey("d", "x")


@pytest.mark.parametrize(
    ("device", "key", "proof", "told"),
    [
        (PUMP, D, None, None),
        (PUMP, D, mark(b"two"), None),
        (PUMP, M, mark(b"one"), None),
        (PUMP, D, mark(b"three"), "the key or certificate that it came in by was replaced"),
        (PUMP, M, mark(b"three"), "the key or certificate that it came in by was replaced"),
        (OFF, M, mark(b"one"), "the device was disabled"),
        (PUMP, X, None, "the identity was deleted"),
        (None, D, None, "the identity was deleted"),
    ],
)
def test_who_may_not_be_connected_is_told_why(
    device: Device | None, key: TwinKey, proof: bytes | None, told: str | None
) -> None:
    assert why_not(device, key, proof) == told


def test_each_identity_has_a_generation_of_its_own() -> None:
    assert [generation_of(PUMP, key) for key in (D, M, X)] == ["7", "8", None]
    assert generation_of(None, D) is None


def test_identities_are_the_same_where_they_are_the_very_objects() -> None:
    tagged = replace(PUMP, twin=replace(new_twin(3), tags={"a": 1}))
    assert has_the_same_identities(PUMP, tagged)
    assert has_the_same_identities(PUMP, PUMP.with_twin(M, replace(new_twin(3), tags={"a": 1})))
    assert has_the_same_identities(PUMP, PUMP.with_module(replace(VALVE, id="n")))
    anew = replace(VALVE, identity=replace(VALVE.identity, etag=2))
    assert not has_the_same_identities(PUMP, PUMP.with_module(anew))
    assert not has_the_same_identities(PUMP, PUMP.without_module("m"))
    assert not has_the_same_identities(PUMP, OFF)
