"""What a hub tells of uploads to who watches it: how many, how they ended, and what they take."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from affinage.domain.errors import BodyTooLarge, Throttled, TooLarge, TooManyUploads, Unavailable
from affinage.ports.exposition import Family, Kind, Sample, number
from affinage.services.room import Room

SUCCEEDED: Final = "succeeded"
FAILED: Final = "failed"
EXPIRED: Final = "expired"
OUTCOMES: Final = (SUCCEEDED, FAILED, EXPIRED)
"""How uploads end."""

REASONS: Final = tuple(
    error.code for error in (TooManyUploads, BodyTooLarge, Throttled, Unavailable)
)
"""Why they are refused, or what is sent for them."""


class UploadFigures:
    def __init__(self, room: Room) -> None:
        self._room = room
        self.bodies = 0
        """Of theirs, on their way."""
        self.received_bytes = 0
        self.ended: Counter[str] = Counter()
        """By outcome."""
        self._refused: Counter[str] = Counter()

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Count what is refused now and may not be another time."""
        try:
            yield
        except (TooLarge, Throttled, Unavailable) as error:
            self._refused[error.code] += 1
            raise

    def families(self, open_now: int) -> Iterator[Family]:
        for name, what, value in (
            ("uploads", "Uploads that are open.", open_now),
            ("upload_bodies", "Bodies of uploads that are on their way.", self.bodies),
            ("upload_bytes", "Bytes of the files, and of what is on its way.", self._room.taken),
            ("upload_bytes_limit", "Bytes that they may take.", self._room.max_total),
        ):
            yield number(f"affinage_{name}", Kind.GAUGE, what, value)
        name, what = "affinage_upload_received_bytes_total", "Bytes that came for uploads."
        yield number(name, Kind.COUNTER, what, self.received_bytes)
        ended = [Sample(self.ended[outcome], [outcome]) for outcome in OUTCOMES]
        what = "Uploads that ended, by how."
        yield Family("affinage_uploads_ended_total", Kind.COUNTER, what, ended, ["outcome"])
        refused = [Sample(self._refused[reason], [reason]) for reason in REASONS]
        what = "Uploads, and bodies of theirs, that there was no room for, by reason."
        yield Family("affinage_uploads_refused_total", Kind.COUNTER, what, refused, ["reason"])
