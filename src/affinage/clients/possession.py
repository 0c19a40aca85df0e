"""Proof that one holds the key of a certificate authority: a certificate that names a hub's code.

The key is read where it is, signs one certificate, and goes nowhere.

Source: docs/spec/authorities.md, AUTHORITY-5.
"""

from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import NameOID

from affinage.domain.errors import Invalid

LIFE: Final = timedelta(hours=1)
"""How long the proof is valid; it is shown at once."""

DRIFT: Final = timedelta(minutes=5)
"""How much later than this machine's the hub's clock may be behind."""

SigningKey = (
    rsa.RSAPrivateKey
    | ec.EllipticCurvePrivateKey
    | ed25519.Ed25519PrivateKey
    | ed448.Ed448PrivateKey
)


def proof(
    code: str, authority: str, key: bytes, *, now: datetime, passphrase: bytes | None = None
) -> str:
    """A certificate, in PEM, whose common name is the code, signed as the authority signs.

    Args:
        code: the hub's.
        authority: its certificate, PEM.
        key: its private key, PEM.
        passphrase: of the key, if it is encrypted.

    Raises:
        Invalid: the key cannot be read, or is another one's. The message holds nothing of it.
    """
    issuer = x509.load_pem_x509_certificate(authority.encode())
    signing = _key(key, passphrase)
    if signing.public_key() != issuer.public_key():
        raise Invalid("the key is not the one of the certificate")
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, code)])
    own = ec.generate_private_key(ec.SECP256R1())  # nobody will ever use it
    builder = (
        x509.CertificateBuilder()
        .issuer_name(issuer.subject)
        .subject_name(name)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DRIFT)
        .not_valid_after(now + LIFE)
    )
    is_edwards = isinstance(signing, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey)
    made = builder.sign(signing, None if is_edwards else SHA256())
    return made.public_bytes(Encoding.PEM).decode()


def _key(pem: bytes, passphrase: bytes | None) -> SigningKey:
    try:
        key = load_pem_private_key(pem, passphrase)
    except TypeError:  # a passphrase is missing, or is one too many
        wanted = "it has no passphrase" if passphrase else "it is encrypted: give its passphrase"
        raise Invalid(f"the key cannot be read: {wanted}") from None
    except (ValueError, UnsupportedAlgorithm):
        raise Invalid("the key cannot be read: it is no private key in PEM") from None
    if not isinstance(key, SigningKey):
        raise Invalid("the key is of a kind that signs no certificates")
    return key
