"""Certificates: what one says of itself, as bytes on a wire or as text in a file.

Decided here: what can be read, and the names of its parts. Nothing of it is believed: who vouches
for whom is `chains`.

Source: docs/spec/certificates.md.
"""

import base64
import hashlib
import re
import warnings
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from affinage.protocol.errors import ProtocolError

MAX_CERTIFICATE: Final = 16 * 1024
"""Bytes of one certificate's DER: some ten times what they take. CERT-2."""

MAX_TEXT: Final = 256 * 1024
"""Characters of a file of certificates. CERT-2."""

_PEM: Final = re.compile("-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----")
_Kind = TypeVar("_Kind", bound=x509.ExtensionType)

_UNREADABLE: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says of itself; two of the same bytes are equal."""

    der: bytes = field(repr=False)
    parsed: x509.Certificate = field(repr=False, compare=False)
    subject: str = field(compare=False)
    """Its name in the order it was written, such as ``C=DE, O=Cave, CN=press-7``."""
    issuer: str = field(compare=False)
    common_name: str | None = field(compare=False)
    """The last of its subject; None if it has none."""
    serial_number: str = field(compare=False)
    """Hexadecimal digits, two a byte."""
    version: int = field(compare=False)
    not_before: datetime = field(compare=False)
    not_after: datetime = field(compare=False)
    extensions: x509.Extensions = field(repr=False, compare=False)

    @property
    def sha1(self) -> str:
        """Its thumbprint: 40 hexadecimal digits, upper case."""
        return hashlib.sha1(self.der, usedforsecurity=False).hexdigest().upper()

    @property
    def sha256(self) -> str:
        """Its thumbprint: 64 hexadecimal digits, upper case."""
        return hashlib.sha256(self.der).hexdigest().upper()

    @property
    def is_authority(self) -> bool:
        """Whether it says that it may sign certificates."""
        return bool((found := self.constraints) and found.ca)

    @property
    def constraints(self) -> x509.BasicConstraints | None:
        return _value(self.extensions, x509.BasicConstraints)

    @property
    def usage(self) -> x509.KeyUsage | None:
        return _value(self.extensions, x509.KeyUsage)

    @property
    def document(self) -> dict[str, str | int]:
        """As the provisioning service's documents have it. Source: CERT-4."""
        return {
            "subjectName": self.subject,
            "sha1Thumbprint": self.sha1,
            "sha256Thumbprint": self.sha256,
            "issuerName": self.issuer,
            "notBeforeUtc": _moment(self.not_before),
            "notAfterUtc": _moment(self.not_after),
            "serialNumber": self.serial_number,
            "version": self.version,
        }

    @property
    def pem(self) -> str:
        return self.parsed.public_bytes(Encoding.PEM).decode()


def read(der: bytes) -> Certificate:
    """Read one certificate.

    Raises:
        ProtocolError: it is none, or larger than MAX_CERTIFICATE.

    Source: CERT-1, CERT-2.
    """
    if len(der) > MAX_CERTIFICATE:
        raise ProtocolError(f"a certificate of {len(der)} of {MAX_CERTIFICATE} bytes")
    try:
        with warnings.catch_warnings():
            # Of what the standards forbid and the field has, as a serial number of 0.
            warnings.simplefilter("ignore", UserWarning)
            return _certificate(der)
    except _UNREADABLE:
        raise ProtocolError("a certificate that cannot be read") from None


def parse(text: str) -> list[Certificate]:
    """The certificates of a PEM file, in its order; what stands around them is passed over.

    Raises:
        ProtocolError: it has none, or one that cannot be read.

    Source: CERT-1, CERT-2.
    """
    if len(text) > MAX_TEXT:
        raise ProtocolError(f"certificates of {len(text)} of {MAX_TEXT} characters")
    try:
        ders = [_der(each) for each in _PEM.findall(text)]
    except _UNREADABLE:
        raise ProtocolError("a certificate that cannot be read") from None
    if not ders:
        raise ProtocolError("no certificate: it begins with -----BEGIN CERTIFICATE-----")
    return [read(der) for der in ders]


def _der(text: str) -> bytes:
    """What stands between the marks: base64, in lines. RFC 7468 §5."""
    return base64.b64decode("".join(text.split()), validate=True)


def _certificate(der: bytes) -> Certificate:
    found = x509.load_der_x509_certificate(der)
    names = found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    found.public_key()  # or nobody could be vouched for by it
    return Certificate(
        der=der,
        parsed=found,
        subject=_name(found.subject),
        issuer=_name(found.issuer),
        common_name=str(names[-1].value) if names else None,
        serial_number=_serial(found.serial_number),
        version=3 if found.version is x509.Version.v3 else 1,
        not_before=found.not_valid_before_utc,
        not_after=found.not_valid_after_utc,
        extensions=found.extensions,
    )


def _name(name: x509.Name) -> str:
    return ", ".join(rdn.rfc4514_string() for rdn in name.rdns)


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _serial(number: int) -> str:
    digits = f"{abs(number):X}"
    return digits.zfill(len(digits) + len(digits) % 2)


def _value(extensions: x509.Extensions, kind: type[_Kind]) -> _Kind | None:
    try:
        return extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
