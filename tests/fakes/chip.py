"""A TPM as far as it takes up keys: what it does with a wrapped one, from the books.

A real one is in tests/conformance/test_tpm.py; the checks here are those that a chip makes.
"""

import base64
import hashlib
import hmac
import struct

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

POLICY = bytes.fromhex("837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa")


class Chip:
    """With an endorsement key and a storage root key of its own."""

    def __init__(self) -> None:
        self._ek = rsa.generate_private_key(65_537, 2048)
        self._srk = rsa.generate_private_key(65_537, 2048)
        self.endorsement = _area(self._ek, 0x000300B2, POLICY)
        self.storage = _area(self._srk, 0x00030472, b"")

    @property
    def endorsement_key(self) -> str:
        return base64.b64encode(sized(self.endorsement)).decode()

    @property
    def storage_root_key(self) -> str:
        return base64.b64encode(sized(self.storage)).decode()

    def taken_up(self, blob: bytes) -> bytes:
        """The key in a blob; AssertionError if a chip would refuse it."""
        identity, secret, private, seed, public, rest = parts(blob)
        assert rest == b""
        name = _name(self.storage)
        inner, _ = split(_opened(identity, _seed(self._ek, secret, b"IDENTITY\0"), name))
        named = _name(public)
        outer = _opened(private, _seed(self._srk, seed, b"DUPLICATE\0"), named)
        integrity, sensitive = split(cfb(inner, outer))
        assert integrity == hashlib.sha256(sensitive + named).digest()
        body, behind = split(sensitive)
        assert (behind, body[:4]) == (b"", b"\0\x08\0\0")
        object_seed, after = split(body[4:])
        key, _ = split(after)
        assert public.endswith(sized(hashlib.sha256(object_seed + key).digest()))
        return key


def parts(blob: bytes) -> list[bytes]:
    found = []
    while blob:
        part, blob = split(blob)
        found.append(part)
    return found


def split(data: bytes) -> tuple[bytes, bytes]:
    """What has its size before it, and what is behind that."""
    (size,) = struct.unpack(">H", data[:2])
    assert len(data) >= 2 + size
    return data[2 : 2 + size], data[2 + size :]


def sized(data: bytes) -> bytes:
    return struct.pack(">H", len(data)) + data


def cfb(key: bytes, data: bytes) -> bytes:
    """AES in CFB, decrypted block by block."""
    block = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    plain, before = b"", bytes(16)
    for at in range(0, len(data), 16):
        part = data[at : at + 16]
        plain += bytes(a ^ b for a, b in zip(part, block.update(before), strict=False))
        before = part
    return plain


def _opened(protected: bytes, seed: bytes, name: bytes) -> bytes:
    integrity, encrypted = split(protected)
    key = _kdfa(seed, b"INTEGRITY", b"", 256)
    assert hmac.digest(key, encrypted + name, "sha256") == integrity
    return cfb(_kdfa(seed, b"STORAGE", name, 128), encrypted)


def _kdfa(key: bytes, label: bytes, context: bytes, bits: int) -> bytes:
    fed = b"\0\0\0\x01" + label + b"\0" + context + struct.pack(">I", bits)
    return hmac.digest(key, fed, "sha256")[: bits // 8]


def _seed(key: rsa.RSAPrivateKey, secret: bytes, label: bytes) -> bytes:
    return key.decrypt(secret, padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), label))


def _name(area: bytes) -> bytes:
    return b"\0\x0b" + hashlib.sha256(area).digest()


def _area(key: rsa.RSAPrivateKey, attributes: int, policy: bytes) -> bytes:
    modulus = key.public_key().public_numbers().n.to_bytes(256, "big")
    head = struct.pack(">HHI", 1, 0xB, attributes) + sized(policy)
    return head + struct.pack(">HHHHHI", 6, 128, 0x43, 0x10, 2048, 0) + sized(modulus)
