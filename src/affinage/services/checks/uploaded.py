"""Whether devices can upload what they have: how much of the room for files is taken."""

from collections.abc import Sequence
from typing import Final

from affinage.services.checks.finding import Finding, Progress, Severity
from affinage.services.room import Room

FULL: Final = 0.9
"""The share of the room from which on it is told."""

_MAKE_ROOM: Final = "fetch and delete files, as `affinage file` does, or raise upload_bytes"


class Uploaded:
    def __init__(self, room: Room | None) -> None:
        """``room`` is None where the hub has no place for files."""
        self._room = room

    async def check(self, _: Progress) -> Sequence[Finding]:
        """How much of the room is taken; nothing where there is no place."""
        if self._room is None:
            return []
        taken, most = self._room.taken, self._room.max_total
        is_full = taken >= FULL * most
        severity, step = (Severity.WARNING, _MAKE_ROOM) if is_full else (Severity.OK, "")
        return [Finding("uploads", severity, f"files take {taken} of {most} bytes", step)]
