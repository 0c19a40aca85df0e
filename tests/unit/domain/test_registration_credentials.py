"""An identity with other credentials: the etag moves, and nothing else changes."""

import pytest
from msgspec.structs import replace

from affinage.domain.errors import ModuleNotFound
from affinage.domain.identity import AuthType, Credentials
from affinage.domain.registration import with_credentials
from fakes.reconciling import a_device

NEW = Credentials(AuthType.CERTIFICATE_AUTHORITY)


def test_a_devices_credentials_are_changed_and_its_etag_moves() -> None:
    """IDENTITY-23, IDENTITY-28"""
    device = a_device(modules=("m",))
    changed = with_credentials(device, None, lambda _: NEW)
    etag = device.identity.etag + 1
    assert changed == replace(device, identity=replace(device.identity, etag=etag, credentials=NEW))


def test_a_modules_credentials_are_changed_alone() -> None:
    """IDENTITY-23, IDENTITY-28"""
    device = a_device(modules=("m", "n"))
    changed = with_credentials(device, "m", lambda _: NEW)
    identity = changed.modules["m"].identity
    assert (identity.credentials, identity.etag) == (NEW, device.modules["m"].identity.etag + 1)
    assert (changed.identity, changed.modules["n"]) == (device.identity, device.modules["n"])
    with pytest.raises(ModuleNotFound):
        with_credentials(device, "o", lambda _: NEW)
