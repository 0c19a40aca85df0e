"""The hub's own certificate authority and server certificate, made at the first start."""

import ipaddress
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from affinage.adapters.files.folder import PRIVATE, write_whole

_AUTHORITY_LIFE: Final = timedelta(days=3650)
_SERVER_LIFE: Final = timedelta(days=397)
_RENEWED_BEFORE: Final = timedelta(days=60)
_CLOCK_DRIFT: Final = timedelta(days=1)

_EC: Final = ec.SECP256R1()


class Certificates:
    """Where they are: ``ca.pem`` is what clients trust, the other two are the server's."""

    def __init__(self, folder: Path) -> None:
        self.authority = folder / "ca.pem"
        self.authority_key = folder / "ca.key"
        self.server = folder / "server.pem"
        self.server_key = folder / "server.key"

    def ensure(self, hosts: Sequence[str], now: datetime) -> None:
        """Make what is missing, expires within 60 days, or is for other host names.

        Args:
            hosts: the names and addresses that clients use, the common name first.
        """
        if not (self.authority.exists() and self.authority_key.exists()):
            self._make_authority(now)
        if not self._is_good(hosts, now):
            self._make_server(hosts, now)

    def _is_good(self, hosts: Sequence[str], now: datetime) -> bool:
        if not (self.server.exists() and self.server_key.exists()):
            return False
        certificate = x509.load_pem_x509_certificate(self.server.read_bytes())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        lives = certificate.not_valid_after_utc > now + _RENEWED_BEFORE
        return lives and set(names) == set(map(_general_name, hosts))

    def _make_authority(self, now: datetime) -> None:
        key = ec.generate_private_key(_EC)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Affinage hub authority")])
        builder = (
            _builder(name, name, key, now, _AUTHORITY_LIFE)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
        )
        write_whole(self.authority_key, _pem(key), PRIVATE)
        write_whole(self.authority, builder.sign(key, SHA256()).public_bytes(Encoding.PEM))

    def _make_server(self, hosts: Sequence[str], now: datetime) -> None:
        authority = x509.load_pem_x509_certificate(self.authority.read_bytes())
        authority_key = load_pem_private_key(self.authority_key.read_bytes(), None)
        assert isinstance(authority_key, ec.EllipticCurvePrivateKey)
        key = ec.generate_private_key(_EC)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0][:64])])
        names = x509.SubjectAlternativeName(list(map(_general_name, hosts)))
        issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
        certificate = (
            _builder(authority.subject, name, key, now, _SERVER_LIFE)
            .add_extension(names, critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(issuer_id, critical=False)
            .sign(authority_key, SHA256())
        )
        write_whole(self.server_key, _pem(key), PRIVATE)
        chain = certificate.public_bytes(Encoding.PEM) + self.authority.read_bytes()
        write_whole(self.server, chain)


def _builder(
    issuer: x509.Name,
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    now: datetime,
    life: timedelta,
) -> x509.CertificateBuilder:
    public = key.public_key()
    return (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .subject_name(subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_DRIFT)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
