"""Random keys and fresh names, as the services ask for them."""

from typing import Protocol


class Ids(Protocol):
    def uuid(self) -> str:
        """A random UUID, for request ids."""
        ...

    def key(self, size_bytes: int = 32) -> str:
        """A random symmetric key of that many bytes, in base64."""
        ...

    def generation(self) -> str:
        """18 digits, greater than any that was given before."""
        ...

    def etag_start(self) -> int:
        """A random number of nine or ten digits: where a new identity's etag begins."""
        ...
