"""What a TPM 2.0 alone can read: a symmetric key, wrapped for one chip by its two public keys.

The credential is made as TPM2_MakeCredential does: for the endorsement key, bound to the storage
root key's name. In it is the key of the inner wrapping of a duplicate, made as TPM2_Duplicate does,
which the chip imports below its storage root key: an HMAC key that signs and is never shown.

Everything random is the caller's to give, but for the padding of RSA, which is its own.

Source: Trusted Platform Module Library, Part 1: 11.4.10 (KDFa), 23.3, 24; Part 2: 12.2 to 12.4.
"""

import base64
import binascii
import hashlib
import hmac
import struct
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from affinage.protocol.errors import ProtocolError

SEED: Final = 32
"""Bytes of a seed: those of the names' digest, SHA-256."""

INNER_KEY: Final = 16
"""Bytes of the key that the credential holds: of AES with 128 bits."""

MAX_KEY: Final = 64
"""Bytes of a key that can be wrapped: a block of SHA-256."""

_RSA, _KEYED_HASH, _SHA256, _AES, _CFB, _HMAC, _NULL = 0x1, 0x8, 0xB, 0x6, 0x43, 0x5, 0x10
_BLOCK: Final = 16
_EXPONENT: Final = 65_537
_BITS: Final = (2048, 3072, 4096)
_SIGNS: Final = 0x40040  # userWithAuth, sign: a key that was imported is fixed to nothing


class Secrets(NamedTuple):
    """What must be random, and used once."""

    credential_seed: bytes
    """SEED bytes."""
    duplicate_seed: bytes
    """SEED bytes."""
    inner_key: bytes
    """INNER_KEY bytes."""
    object_seed: bytes
    """SEED bytes: hides the key in its public part's digest."""


@dataclass(frozen=True, slots=True)
class PublicArea:
    """A key of a TPM: RSA, named by SHA-256, which wraps with AES of 128 bits in CFB."""

    area: bytes
    """TPMT_PUBLIC, as the chip gave it: its name is made of that."""
    key: rsa.RSAPublicKey

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a TPM2B_PUBLIC in base64.

        Raises:
            ProtocolError: it is none, or of a kind that is not supported.
        """
        try:
            data = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise ProtocolError("a TPM's key that is not base64") from None
        reader = _Reader(data)
        area = reader.sized()
        reader.end()
        return cls(area, _rsa_key(_Reader(area)))

    @property
    def name(self) -> bytes:
        return _name(self.area)


def wrapped(endorsement: PublicArea, storage: PublicArea, key: bytes, secrets: Secrets) -> bytes:
    """The key, for the one chip that has both of those keys.

    Returns:
        TPM2B_ID_OBJECT, TPM2B_ENCRYPTED_SECRET, TPM2B_PRIVATE, TPM2B_ENCRYPTED_SECRET,
        TPM2B_PUBLIC and an empty TPM2B_DATA, one after another.

    Raises:
        ProtocolError: the key is empty, or has more than MAX_KEY bytes.
    """
    if not 1 <= len(key) <= MAX_KEY:
        raise ProtocolError(f"a key of {len(key)} bytes cannot be wrapped: 1 to {MAX_KEY} can")
    public = _hmac_key(key, secrets.object_seed)
    identity = _credential(storage.name, secrets)
    private = _duplicate(key, public, secrets)
    return b"".join(
        (
            _sized(identity),
            _sized(_sealed(endorsement.key, secrets.credential_seed, b"IDENTITY\0")),
            _sized(private),
            _sized(_sealed(storage.key, secrets.duplicate_seed, b"DUPLICATE\0")),
            _sized(public),
            _sized(b""),
        )
    )


def _credential(name: bytes, secrets: Secrets) -> bytes:
    """TPMS_ID_OBJECT: the inner key, for whoever has the object of that name."""
    return _protected(_sized(secrets.inner_key), name, secrets.credential_seed)


def _duplicate(key: bytes, public: bytes, secrets: Secrets) -> bytes:
    """The sensitive part, wrapped by the inner key and then for its new parent."""
    sensitive = struct.pack(">H", _KEYED_HASH) + _sized(b"") + _sized(secrets.object_seed)
    sized = _sized(sensitive + _sized(key))
    name = _name(public)
    integrity = hashlib.sha256(sized + name).digest()
    inner = _encrypted(secrets.inner_key, _sized(integrity) + sized)
    return _protected(inner, name, secrets.duplicate_seed)


def _protected(plain: bytes, name: bytes, seed: bytes) -> bytes:
    """Encrypted and authenticated by keys of a seed: the outer wrapping of both."""
    encrypted = _encrypted(_kdfa(seed, b"STORAGE", name, 128), plain)
    key = _kdfa(seed, b"INTEGRITY", b"", 256)
    return _sized(hmac.digest(key, encrypted + name, "sha256")) + encrypted


def _hmac_key(key: bytes, seed: bytes) -> bytes:
    """TPMT_PUBLIC of a key that makes HMACs with SHA-256."""
    head = struct.pack(">HHIH", _KEYED_HASH, _SHA256, _SIGNS, 0)
    return head + struct.pack(">HH", _HMAC, _SHA256) + _sized(hashlib.sha256(seed + key).digest())


def _name(area: bytes) -> bytes:
    return struct.pack(">H", _SHA256) + hashlib.sha256(area).digest()


def _kdfa(key: bytes, label: bytes, context: bytes, bits: int) -> bytes:
    """KDFa of SHA-256: one block of it is as much as is ever needed."""
    fed = struct.pack(">I", 1) + label + b"\0" + context + struct.pack(">I", bits)
    return hmac.digest(key, fed, "sha256")[: bits // 8]


def _encrypted(key: bytes, plain: bytes) -> bytes:
    """AES in CFB from zeros, block by block: the library is about to give up that mode."""
    block = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305  # CFB's own step
    out, before = b"", bytes(_BLOCK)
    for at in range(0, len(plain), _BLOCK):
        part = plain[at : at + _BLOCK]
        before = bytes(a ^ b for a, b in zip(part, block.update(before), strict=False))
        out += before
    return out


def _sealed(key: rsa.RSAPublicKey, seed: bytes, label: bytes) -> bytes:
    return key.encrypt(seed, padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), label))


def _sized(data: bytes) -> bytes:
    return struct.pack(">H", len(data)) + data


def _rsa_key(reader: "_Reader") -> rsa.RSAPublicKey:
    """The key of a TPMT_PUBLIC."""
    kind, digest = reader.number(2), reader.number(2)
    reader.number(4)
    reader.sized()
    scheme = reader.number(2), reader.number(2), reader.number(2), reader.number(2)
    if (kind, digest, *scheme) != (_RSA, _SHA256, _AES, 128, _CFB, _NULL):
        raise ProtocolError("a TPM's key that is not of RSA, SHA-256 and AES-128 in CFB")
    bits, exponent = reader.number(2), reader.number(4) or _EXPONENT
    modulus = int.from_bytes(reader.sized(), "big")
    reader.end()
    if bits not in _BITS or modulus.bit_length() != bits or exponent != _EXPONENT:
        raise ProtocolError(f"a TPM's key of {modulus.bit_length()} of {bits} bits")
    return rsa.RSAPublicNumbers(exponent, modulus).public_key()


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def number(self, size: int) -> int:
        return int.from_bytes(self._taken(size), "big")

    def sized(self) -> bytes:
        return self._taken(self.number(2))

    def end(self) -> None:
        if self._at != len(self._data):
            raise ProtocolError("a TPM's key with something behind it")

    def _taken(self, size: int) -> bytes:
        taken = self._data[self._at : self._at + size]
        if len(taken) != size:
            raise ProtocolError("a TPM's key that ends too early")
        self._at += size
        return taken
