"""Notices of files that came, for back ends to be told, one at a time.

Source: UPLOAD-22, UPLOAD-23.
"""

from typing import Final

from affinage.domain.uploads import Notice
from affinage.ports.clock import Clock
from affinage.ports.ids import Ids
from affinage.ports.store import Table
from affinage.services.fleet.fleet import Fleet
from affinage.services.limits import UNLIMITED, Limits
from affinage.services.shelves import Kind, Shelf

MAX_NOTICES: Final = 10_000
"""Notices that are kept; of more, the oldest fall."""

NOT_AN_UPLOAD: Final = "/"
"""What the keys of the table begin with that name no upload."""


class NoticeShelf(Shelf[Notice]):
    def __init__(self, fleet: Fleet, clock: Clock, ids: Ids, limits: Limits = UNLIMITED) -> None:
        kind = Kind(Notice, Table.UPLOADS, NOT_AN_UPLOAD, MAX_NOTICES, at_once=1)
        super().__init__(kind, fleet, clock, ids, limits)
