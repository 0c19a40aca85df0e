"""Feedback: what became of messages, for back ends to be told.

Source: docs/spec/messages.md, MESSAGE-21 to MESSAGE-24.
"""

from typing import Final

from affinage.domain.feedback import Feedback
from affinage.ports.clock import Clock
from affinage.ports.ids import Ids
from affinage.ports.store import Table
from affinage.services.fleet.fleet import Fleet
from affinage.services.limits import UNLIMITED, Limits
from affinage.services.queues import NOT_A_QUEUE
from affinage.services.shelves import Kind, Shelf

MAX_BATCH: Final = 64
"""Records that are given out together."""

MAX_RECORDS: Final = 10_000
"""Records that are kept; of more, the oldest fall."""


class FeedbackShelf(Shelf[Feedback]):
    def __init__(self, fleet: Fleet, clock: Clock, ids: Ids, limits: Limits = UNLIMITED) -> None:
        kind = Kind(Feedback, Table.MESSAGES, NOT_A_QUEUE, MAX_RECORDS, MAX_BATCH)
        super().__init__(kind, fleet, clock, ids, limits)
