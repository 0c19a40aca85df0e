"""The uploads of a hub: their folder, what may be in it, and who is told."""

from pathlib import Path
from typing import NamedTuple

from affinage.adapters.files.uploads import FolderUploads
from affinage.ports.clock import Clock
from affinage.ports.ids import Ids
from affinage.services.fleet.fleet import Fleet
from affinage.services.limits import Limits
from affinage.services.notices import NoticeShelf
from affinage.services.room import Room
from affinage.services.uploads import Uploads


class Uploading(NamedTuple):
    uploads: Uploads
    notices: NoticeShelf


def uploading(
    folder: Path | None, room: Room, *, fleet: Fleet, clock: Clock, ids: Ids, limits: Limits
) -> Uploading:
    """Not running; without a ``folder`` none can be begun."""
    notices = NoticeShelf(fleet, clock, ids, limits)
    uploads = Uploads(
        fleet,
        None if folder is None else FolderUploads(folder),
        notices,
        room,
        clock=clock,
        ids=ids,
        limits=limits,
    )
    return Uploading(uploads, notices)
