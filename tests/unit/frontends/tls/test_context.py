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
from fakes.tls import certificates


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
