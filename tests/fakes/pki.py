"""Certificates of a fleet, as its owner makes them: authorities, and leaves that they sign."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from affinage.protocol.certificates import Certificate, read
from fakes.clock import START

LIFE: Final = timedelta(days=365)

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | dsa.DSAPrivateKey | ed25519.Ed25519PrivateKey


def new_key() -> Key:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True)
class Made:
    """A certificate and its key."""

    certificate: Certificate
    key: Key = field(repr=False)

    @property
    def der(self) -> bytes:
        return self.certificate.der

    @property
    def pem(self) -> str:
        return self.certificate.pem

    @cached_property
    def key_pem(self) -> str:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    def file(self, *above: "Made") -> Path:
        """A new PEM file of the key, the certificate and those above it."""
        path = Path(mkdtemp(prefix="affinage-test-pki-")) / "shown.pem"
        path.write_text(self.key_pem + self.pem + "".join(one.pem for one in above))
        return path


def authority(
    name: str, by: Made | None = None, path_length: int | None = None, **more: object
) -> Made:
    """A certificate that may sign others, by ``by`` or by itself."""
    constraints = x509.BasicConstraints(ca=True, path_length=path_length)
    return make(name, by, [constraints], **more)  # type: ignore[arg-type]  # as `make` takes them


def leaf(name: str, by: Made | None = None, **more: object) -> Made:
    """As those in the field: a common name and nothing else."""
    return make(name, by, **more)  # type: ignore[arg-type]  # as `make` takes them


def make(
    name: str | x509.Name,
    by: Made | None = None,
    extensions: Iterable[x509.ExtensionType] = (),
    *,
    start: datetime = START - LIFE,
    end: datetime = START + LIFE,
    key: Key | None = None,
    critical: bool = True,
) -> Made:
    key = key or new_key()
    subject = named(name) if isinstance(name, str) else name
    issuer = by.certificate.parsed.subject if by else subject
    builder = x509.CertificateBuilder(issuer, subject, key.public_key(), 0x0A_BCDE)
    builder = builder.not_valid_before(start).not_valid_after(end)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=critical)
    signing = by.key if by else key
    is_edwards = isinstance(signing, ed25519.Ed25519PrivateKey)
    signed = builder.sign(signing, None if is_edwards else SHA256())
    return Made(read(signed.public_bytes(Encoding.DER)), key)


def named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
