"""The vault whose key lies in a file beside the store.

A copy of the store alone therefore shows no key of any device.
"""

import os
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from affinage.adapters.files.folder import PRIVATE, write_whole
from affinage.domain.errors import Unavailable

STORE: Final = "hub.db"
"""What holds secrets that are sealed already, where it is beside the key."""

_VERSION: Final = b"\x01"
_NONCE: Final = 12
_KEY: Final = 32
"""Bytes."""


class FileVault:
    """AES-256-GCM; a sealed secret is a version byte, a random nonce, and the cipher text.

    Random nonces are safe for 2³² secrets under one key (NIST SP 800-38D §8.3).
    """

    def __init__(self, path: Path) -> None:
        """Read the key, or make one where there is no store yet; only its owner may read the file.

        Raises:
            Unavailable: the file holds no key of ours, or is gone. It is left as it is.
        """
        if not path.exists():
            if path.with_name(STORE).exists():
                raise Unavailable(f"{path} is gone: bring back the one that this hub had")
            write_whole(path, AESGCM.generate_key(_KEY * 8), PRIVATE)
        key = path.read_bytes()
        if len(key) != _KEY:
            raise Unavailable(
                f"{path} holds {len(key)} of {_KEY} bytes: it is no vault key;"
                " bring back the one that this hub had"
            )
        self._cipher = AESGCM(key)

    def seal(self, plain: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        return _VERSION + nonce + self._cipher.encrypt(nonce, plain, _VERSION)

    def open(self, sealed: bytes) -> bytes:
        version, nonce, text = sealed[:1], sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        try:
            return self._cipher.decrypt(nonce, text, version)
        except (InvalidTag, ValueError):
            raise Unavailable(
                "a secret was changed, or sealed with another key than the vault's"
            ) from None
