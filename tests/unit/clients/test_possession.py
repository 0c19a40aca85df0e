"""clients/possession.py: the proof that the hub asks for."""

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from affinage.clients.possession import proof
from affinage.domain.errors import Invalid
from affinage.protocol.certificates import parse
from affinage.protocol.chains import check_moment, is_signed_by
from fakes.clock import START
from fakes.pki import Key, authority

CODE = "AB" * 24
ROOT = authority("Root")


@pytest.mark.parametrize(
    "key", [None, rsa.generate_private_key(65537, 2048), ed25519.Ed25519PrivateKey.generate()]
)
def test_it_names_the_code_and_is_signed_by_the_authority(key: Key | None) -> None:
    """AUTHORITY-5"""
    root = authority("Root", key=key)
    [made] = parse(proof(CODE, root.pem, root.key_pem.encode(), now=START))
    assert made.common_name == CODE
    assert is_signed_by(made, root.certificate)
    for drift in (timedelta(minutes=-4), timedelta(minutes=4)):
        check_moment(made, START + drift)


def test_an_encrypted_key_needs_its_passphrase() -> None:
    sealed = ROOT.key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"open")
    )
    assert proof(CODE, ROOT.pem, sealed, now=START, passphrase=b"open")
    for words, told in ((None, "it is encrypted"), (b"shut", "no private key")):
        with pytest.raises(Invalid, match=told):
            proof(CODE, ROOT.pem, sealed, now=START, passphrase=words)
    with pytest.raises(Invalid, match="no passphrase"):
        proof(CODE, ROOT.pem, ROOT.key_pem.encode(), now=START, passphrase=b"open")


def test_another_key_or_none_proves_nothing() -> None:
    other = x25519.X25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    refused = {
        "not the one of the certificate": authority("Root").key_pem.encode(),
        "no private key": b"rubbish",
        "signs no certificates": other,
    }
    for why, key in refused.items():
        with pytest.raises(Invalid, match=why):
            proof(CODE, ROOT.pem, key, now=START)
