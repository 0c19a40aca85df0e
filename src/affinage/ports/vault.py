"""Where secrets are sealed before they are kept."""

from typing import Protocol


class Vault(Protocol):
    def seal(self, plain: bytes) -> bytes:
        """Encrypt and authenticate; sealing the same twice gives different bytes."""
        ...

    def open(self, sealed: bytes) -> bytes:
        """What was sealed.

        Raises:
            Unavailable: it was sealed with another key, or has been tampered with; who asked can
                do nothing about it.
        """
        ...
