"""The places that the operator allowed, as one: an address is reached by who admits it."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

from affinage.domain.errors import Invalid
from affinage.domain.transfers import shown
from affinage.ports.blobs import Blobs, Sink, Source


class Allowed:
    """Implements `ports.blobs.Blobs`; of what is not admitted nothing is asked."""

    def __init__(self, places: Sequence[Blobs]) -> None:
        self._places = places

    def admits(self, uri: str) -> bool:
        return any(one.admits(uri) for one in self._places)

    def check(self, uri: str) -> None:
        """Raise Invalid unless the address is admitted. Source: TRANSFER-5."""
        self._of(uri)

    def read(self, uri: str, name: str) -> AbstractAsyncContextManager[Source]:
        return self._of(uri).read(uri, name)

    def write(self, uri: str, name: str) -> AbstractAsyncContextManager[Sink]:
        return self._of(uri).write(uri, name)

    def _of(self, uri: str) -> Blobs:
        for one in self._places:
            if one.admits(uri):
                return one
        raise Invalid(
            f"{shown(uri)[:200]} is not allowed: the settings transfer_folder and transfer_urls"
            " say where files may be"
        )
