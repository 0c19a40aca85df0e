"""Ids that count, so that a test knows them beforehand."""

import base64
import itertools


class CountingIds:
    """Implements `ports.ids.Ids`; each kind counts from 1, keys repeat their number's byte."""

    def __init__(self) -> None:
        self._uuids = itertools.count(1)
        self._keys = itertools.count(1)
        self._generations = itertools.count(1)
        self._etags = itertools.count(1_000_000_001)

    def uuid(self) -> str:
        return f"00000000-0000-4000-8000-{next(self._uuids):012}"

    def key(self, size_bytes: int = 32) -> str:
        return base64.b64encode(bytes([next(self._keys) % 256]) * size_bytes).decode()

    def generation(self) -> str:
        return f"{next(self._generations):018}"

    def etag_start(self) -> int:
        return next(self._etags)
