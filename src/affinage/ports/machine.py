"""The machine under the hub: what runs out, and what expires."""

from datetime import datetime
from typing import NamedTuple, Protocol


class Certificate(NamedTuple):
    name: str
    """For people: the file that it is in."""
    ends_at: datetime


class Room(NamedTuple):
    """Of something that there is only so much of."""

    free: int
    total: int


class Machine(Protocol):
    def disk(self) -> Room:
        """Bytes where the hub keeps its data."""
        ...

    def descriptors(self) -> Room:
        """Files and connections that this process may have open."""
        ...

    def certificates(self) -> list[Certificate]:
        """Those that the hub shows or signs with.

        Raises:
            Invalid: one of them cannot be read.
        """
        ...
