"""A certificate authority for tests: it vouches for a host to whoever has its file."""

import atexit
import shutil
import ssl
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fakes.bench import START

HOST: Final = "cave.test"
"""The one host that the authority vouches for."""

_LIFE: Final = timedelta(days=20 * 365)


@dataclass(frozen=True)
class Authority:
    ca_file: Path
    """What a client is given, to believe the servers."""
    server: ssl.SSLContext
    """What a server shows, to be believed to be HOST."""


@cache
def authority() -> Authority:
    """One for all tests of a process: keys take time to make."""
    folder = Path(mkdtemp(prefix="affinage-test-ca-"))
    atexit.register(shutil.rmtree, folder)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca = _certificate("Test CA", ca_key, "Test CA", ca_key, x509.BasicConstraints(True, None))
    names = x509.SubjectAlternativeName([x509.DNSName(HOST)])
    leaf = _certificate(HOST, key, "Test CA", ca_key, names)
    ca_file, chain = folder / "ca.pem", folder / "server.pem"
    ca_file.write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    chain.write_bytes(_private(key) + leaf.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(chain)
    return Authority(ca_file, server)


def _certificate(
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    extension: x509.ExtensionType,
) -> x509.Certificate:
    builder = x509.CertificateBuilder(
        _name(issuer), _name(subject), key.public_key(), x509.random_serial_number()
    )
    builder = builder.not_valid_before(START - _LIFE).not_valid_after(START + _LIFE)
    builder = builder.add_extension(extension, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
