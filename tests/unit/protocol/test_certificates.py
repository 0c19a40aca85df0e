"""What a certificate says of itself."""

import base64
import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from affinage.protocol.certificates import MAX_CERTIFICATE, MAX_TEXT, parse, read
from affinage.protocol.errors import ProtocolError
from fakes.pki import authority, leaf, make, named


def test_a_certificate_says_who_it_is_and_until_when() -> None:
    """CERT-4"""
    shown = leaf("press-7", authority("Cave")).certificate
    assert shown.common_name == "press-7"
    assert shown.document == {
        "subjectName": "CN=press-7",
        "issuerName": "CN=Cave",
        "sha1Thumbprint": hashlib.sha1(shown.der).hexdigest().upper(),
        "sha256Thumbprint": hashlib.sha256(shown.der).hexdigest().upper(),
        "notBeforeUtc": f"{shown.not_before:%Y-%m-%dT%H:%M:%S}Z",
        "notAfterUtc": f"{shown.not_after:%Y-%m-%dT%H:%M:%S}Z",
        "serialNumber": "0ABCDE",
        "version": 3,
    }


def test_names_stand_in_their_order_and_the_last_common_name_counts() -> None:
    """CERT-4"""
    parts = [(NameOID.COUNTRY_NAME, "DE"), (NameOID.COMMON_NAME, "a"), (NameOID.COMMON_NAME, "b,c")]
    shown = make(x509.Name([x509.NameAttribute(*part) for part in parts])).certificate
    assert (shown.subject, shown.common_name) == (r"C=DE, CN=a, CN=b\,c", "b,c")
    assert make(x509.Name([])).certificate.common_name is None


def test_only_an_authority_says_that_it_is_one() -> None:
    """CERT-9"""
    constraints = x509.BasicConstraints(ca=False, path_length=None)
    assert authority("Cave").certificate.is_authority
    assert authority("Cave").certificate.usage is None
    assert not leaf("d").certificate.is_authority
    assert not make("d", None, [constraints]).certificate.is_authority


def test_certificates_of_the_same_bytes_are_equal() -> None:
    one = leaf("d").certificate
    assert read(one.der) == one != leaf("d").certificate
    assert "BEGIN" not in repr(one)


def test_a_file_of_a_version_that_there_is_not_is_refused_as_any() -> None:
    """CERT-1: cryptography has an error of its own for it."""
    der = leaf("d").certificate.der.replace(b"\xa0\3\2\1\2", b"\xa0\3\2\1\x12", 1)
    text = base64.encodebytes(der).decode()
    with pytest.raises(ProtocolError, match="cannot be read"):
        parse(f"-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----\n")


def test_a_file_holds_certificates_among_other_things() -> None:
    """CERT-1"""
    one, two = leaf("one"), leaf("two")
    text = f"Bag Attributes\n{one.key_pem}{one.pem}issuer=\n" + two.pem.replace("\n", "\r\n")
    assert parse(text) == [one.certificate, two.certificate]
    assert parse(two.certificate.pem) == [two.certificate]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-----BEGIN CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----\né\n-----END CERTIFICATE-----",
        "x" * (MAX_TEXT + 1),
    ],
)
def test_text_without_a_certificate_is_refused(text: str) -> None:
    """CERT-1, CERT-2"""
    with pytest.raises(ProtocolError, match="certificate"):
        parse(text)


def test_bytes_that_are_no_certificate_are_refused() -> None:
    """CERT-1, CERT-2"""
    whole = leaf("d").der
    for der in (
        b"",
        b"0",
        whole[:-1],
        whole + b"0",
        whole.replace(b"\x06\x03\x55", b"\x16\x03\x55"),
    ):
        with pytest.raises(ProtocolError, match="cannot be read"):
            read(der)
    with pytest.raises(ProtocolError, match=f"16385 of {MAX_CERTIFICATE} bytes"):
        read(b"0" * (MAX_CERTIFICATE + 1))


def test_a_certificate_is_given_back_as_a_file() -> None:
    made = leaf("d")
    assert made.certificate.pem.encode() == made.certificate.parsed.public_bytes(Encoding.PEM)
    assert named("d") == made.certificate.parsed.subject


def test_what_the_standards_forbid_and_the_field_has_is_read() -> None:
    """CERT-1: a serial number below 0, a country of one letter."""
    for good, odd in (("02030abcde", "020380bcde"), ("0603550403", "0603550406")):
        der = leaf("d").der.replace(bytes.fromhex(good), bytes.fromhex(odd))
        assert read(der).der == der
