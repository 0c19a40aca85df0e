"""The hub's own certificate authority and server certificate, made at the first start."""

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
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
from affinage.domain.errors import Unavailable

_AUTHORITY_LIFE: Final = timedelta(days=3650)
_SERVER_LIFE: Final = timedelta(days=397)
_RENEWED_BEFORE: Final = timedelta(days=60)
_CLOCK_DRIFT: Final = timedelta(days=1)

_WRITTEN: Final = datetime(2024, 1, 1, tzinfo=UTC)
"""No clock is right that says an earlier time: this program was not yet written."""

_EC: Final = ec.SECP256R1()


class Certificates:
    """Where they are: ``ca.pem`` is what clients trust, the other two are the server's."""

    def __init__(self, folder: Path) -> None:
        self.authority = folder / "ca.pem"
        self.authority_key = folder / "ca.key"
        self.server = folder / "server.pem"
        self.server_key = folder / "server.key"

    def ensure(self, hosts: Sequence[str], now: datetime) -> None:
        """Make what is missing, torn by a kill, expires within 60 days, or is for other names.

        A new authority makes a new server certificate too; clients must then be given it.

        Args:
            hosts: the names and addresses that clients use, the common name first.

        Raises:
            ValueError: a host is neither an address nor a name in ASCII. Nothing has changed of
                the server's certificate.
            Unavailable: what is there as the authority is none, or one is to be made and the
                machine's clock is wrong; nothing has changed.
        """
        authority = self._authority()
        if authority is None or not _lives(authority, now):
            self._make_authority(now)
        if not self._is_good(hosts, now):
            self._make_server(hosts, now)

    def renew(self, hosts: Sequence[str], now: datetime) -> None:
        """As `ensure`, of the server's certificate alone, as long as its authority can sign one.

        A new authority is for a start to make: clients must then be given it.

        Raises:
            ValueError: what is there as the authority is none; nothing has changed.
        """
        if _pair(self.authority, self.authority_key) and not self._is_good(hosts, now):
            self._make_server(hosts, now)

    def _authority(self) -> x509.Certificate | None:
        try:
            return _pair(self.authority, self.authority_key)
        except ValueError:
            raise Unavailable(
                f"{self.authority} and {self.authority_key.name} are no certificate and its key:"
                " bring back those that this hub had; without either of them it makes new ones,"
                " and clients must then be given that authority"
            ) from None

    def _is_good(self, hosts: Sequence[str], now: datetime) -> bool:
        try:
            server = _pair(self.server, self.server_key)
        except ValueError:
            return False
        if server is None or not _lives(server, now) or not self._is_ours(server):
            return False
        names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return set(names) == set(map(_general_name, hosts))

    def _is_ours(self, server: x509.Certificate) -> bool:
        try:
            server.verify_directly_issued_by(_certificate(self.authority))
        except (InvalidSignature, ValueError):
            return False
        return True

    def _make_authority(self, now: datetime) -> None:
        if now < _WRITTEN:
            raise Unavailable(
                f"the machine's clock says {now:%Y-%m-%d}: set it right first, or the authority"
                " that is to be made would soon have ended"
            )
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
        authority = _certificate(self.authority)
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


def _pair(certificate: Path, key: Path) -> x509.Certificate | None:
    """The certificate in the file, if the other file holds its key.

    A kill between the writing of the two leaves a key that is not the certificate's.

    Raises:
        ValueError: one of them holds no such thing.
    """
    if not (certificate.exists() and key.exists()):
        return None
    shown, kept = _certificate(certificate), load_pem_private_key(key.read_bytes(), None)
    return shown if shown.public_key() == kept.public_key() else None


def _certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def _lives(certificate: x509.Certificate, now: datetime) -> bool:
    return certificate.not_valid_after_utc > now + _RENEWED_BEFORE


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
