"""frontends/tls/context.py where there is none to be had; what it admits is in test_engine.py."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from affinage.domain.errors import Invalid
from affinage.frontends.tls.context import server_context
from affinage.frontends.tls.engine import Engine
from fakes.pki import authority, leaf
from fakes.tls import Device, certificates, device_context, hub_context


def test_a_chain_is_shown_as_long_as_it_may_be_and_not_followed() -> None:
    """TLS-3, TLS-26"""
    above = [authority("0")]
    for number in range(1, 12):
        above.append(authority(str(number), above[-1]))
    shown = leaf("pump-1", above[-1])
    device, engine = Device(device_context(certificate=shown.file(*above))), Engine(hub_context())
    while not engine.is_established or not device.shake_hands():
        device.shake_hands()
        engine.feed(device.take())
        engine.shake_hands()
        device.give(engine.wire())
    assert engine.peer_certificate() == [shown.der, *(one.der for one in above)]
    assert hub_context().get_verify_depth() == 0


def test_a_context_wants_the_key_of_its_certificate() -> None:
    made = certificates()
    with pytest.raises(Invalid, match=r"server.pem and .*ca.key are no.*: key values mismatch"):
        server_context(made.server, made.authority_key)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"none\.key cannot be read: no such file"):
        server_context(certificates().server, tmp_path / "none.key")


def test_nobody_is_asked_for_the_passphrase_of_a_key(tmp_path: Path) -> None:
    key = load_pem_private_key(certificates().server_key.read_bytes(), None)
    locked = tmp_path / "locked.key"
    sealed = BestAvailableEncryption(b"secret")
    locked.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed))
    with pytest.raises(Invalid, match=r"locked\.key is encrypted"):
        server_context(certificates().server, locked)
