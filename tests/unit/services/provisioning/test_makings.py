"""What attestations are made of."""

import base64

import pytest

from affinage.domain.errors import Invalid
from affinage.services.provisioning.makings import attestation_makings, read_certificate
from fakes.ids import CountingIds
from fakes.pki import authority
from fakes.provisioned import KEY
from fakes.vault import OpenVault


def test_keys_are_long_and_sealed_at_once() -> None:
    """PROV-10, PROV-11"""
    keys = attestation_makings(OpenVault(), CountingIds()).keys
    assert len(base64.b64decode(keys.fresh())) == 64
    sealed = keys.seal(KEY)
    assert sealed == f"sealed {KEY}".encode()
    assert (keys.is_same(sealed, KEY), keys.is_same(sealed, "other")) == (True, False)


def test_a_certificate_is_read_however_it_is_given() -> None:
    """PROV-16"""
    made = authority("plant")
    texts = [made.pem, *(base64.b64encode(one).decode() for one in (made.pem.encode(), made.der))]
    assert [read_certificate(text).der for text in texts] == [made.der] * 3
    assert read_certificate(made.pem).shown["sha256Thumbprint"] == made.certificate.sha256


@pytest.mark.parametrize("text", ["", "text", "AAAA", "-----BEGIN CERTIFICATE-----"])
def test_what_is_no_certificate_is_refused(text: str) -> None:
    """PROV-16"""
    with pytest.raises(Invalid, match="must be PEM, or base64 of DER"):
        read_certificate(text)
